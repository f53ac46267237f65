using System.Diagnostics.CodeAnalysis;

/// <summary>The runtime loads this assembly into the service to call this; see <see cref="Deployments.TestSupport.PatientService"/>.</summary>
[SuppressMessage("Design", "CA1050", Justification = "The runtime looks for this name.")]
internal static class StartupHook
{
    public static void Initialize()
    {
        // Loading this assembly is enough: the host then finds PatientService in it.
    }
}
