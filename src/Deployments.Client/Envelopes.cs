using System.Text.Json.Serialization;

namespace Deployments.Client;

// What answers say in their headers.
public partial class SoftwareDeploymentEnvelope
{
    /// <summary>Names this state of the deployment, quotes included: what <c>ifMatch</c> and <c>ifNoneMatch</c> take.</summary>
    [JsonIgnore]
    public string? EntityTag { get; set; }

    /// <summary>An earlier request with the same <c>Idempotency-Key</c> created the deployment, and this one nothing.</summary>
    [JsonIgnore]
    public bool IsReplay { get; set; }
}

public partial class SoftwareDeploymentBatchEnvelope
{
    /// <summary>An earlier request with the same <c>Idempotency-Key</c> created the deployments, and this one nothing.</summary>
    [JsonIgnore]
    public bool IsReplay { get; set; }
}

public partial class SoftwareConfigEnvelope
{
    /// <summary>Names the configuration as it stands, quotes included: what <c>ifNoneMatch</c> takes.</summary>
    [JsonIgnore]
    public string? EntityTag { get; set; }
}
