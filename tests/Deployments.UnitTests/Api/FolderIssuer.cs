using System.Security.Cryptography;
using Deployments.Api.Authentication.Jwt;
using Deployments.Api.Authentication.KeySources;
using Deployments.Api.Options;
using Deployments.Application.Common;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Deployments.UnitTests.Api;

/// <summary>An issuer whose keys the service reads from a folder, and a clock for both.</summary>
internal sealed class FolderIssuer : IDisposable
{
    private const string Name = "https://issuer.example";
    private const string Audience = "deployments";

    public FolderIssuer() => File.WriteAllText(KeyFile, Key.ExportSubjectPublicKeyInfoPem());

    public ManualClock Clock { get; } = new();

    public ECDsa Key { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public DirectoryInfo Folder { get; } = Directory.CreateTempSubdirectory("folder-issuer-");

    public string KeyFile => Path.Combine(Folder.FullName, "key.pem");

    public JwtValidator CreateValidator(ILogger log)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Authentication:Schemes:Bearer:ValidIssuer"] = Name,
            ["Authentication:Schemes:Bearer:ValidAudiences:0"] = Audience,
            ["Authentication:PublicKeys"] = Folder.FullName,
        }).Build();
        var sources = TrustedIssuerConfiguration.Read(TokenAuthenticationOptions.Read(configuration), development: false, Clock, log);
        return new JwtValidator(sources, authority: null, defaultRole: "reader", new TimeBudgets(), NullLogger<JwtValidator>.Instance);
    }

    public string CreateToken(string subject, TimeSpan life) =>
        new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Name,
            Audience = Audience,
            Expires = (Clock.GetUtcNow() + life).UtcDateTime,
            Claims = new Dictionary<string, object> { ["sub"] = subject, ["project_id"] = "project" },
            SigningCredentials = new SigningCredentials(new ECDsaSecurityKey(Key), SecurityAlgorithms.EcdsaSha256),
        });

    public void Dispose()
    {
        Key.Dispose();
        Folder.Delete(recursive: true);
    }
}
