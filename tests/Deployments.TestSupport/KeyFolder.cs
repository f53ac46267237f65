using System.Security.Cryptography;

namespace Deployments.TestSupport;

/// <summary>A folder of public keys for a service to read, and the private halves to sign with.</summary>
internal sealed class KeyFolder : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("deployments-keys-");

    public KeyFolder()
    {
        Write("rsa.pem", Rsa.ExportSubjectPublicKeyInfoPem());
        Write("ec.pem", Ec.ExportSubjectPublicKeyInfoPem());
    }

    public string Path => folder.FullName;

    public RSA Rsa { get; } = RSA.Create(2048);

    public ECDsa Ec { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public void Dispose()
    {
        Rsa.Dispose();
        Ec.Dispose();
        folder.Delete(recursive: true);
    }

    private void Write(string name, string pem) => File.WriteAllText(System.IO.Path.Combine(folder.FullName, name), pem);
}
