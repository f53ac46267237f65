using System.Diagnostics.CodeAnalysis;

/// <summary>The runtime loads this assembly into the service to call this; see <see cref="Deployments.TestSupport.PatientService"/>.</summary>
[SuppressMessage("Design", "CA1050", Justification = "The runtime looks for this name.")]
internal static class StartupHook
{
    public static void Initialize()
    {
        // Being loaded is all.
    }
}
