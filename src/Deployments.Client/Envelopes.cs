using System.Text.Json.Serialization;

namespace Deployments.Client;

// Members read from the headers of responses.
public partial class SoftwareDeploymentEnvelope
{
    /// <summary>The entity tag of this version of the deployment, including quotes, for <c>ifMatch</c> and <c>ifNoneMatch</c>.</summary>
    [JsonIgnore]
    public string? EntityTag { get; set; }

    /// <summary>Whether an earlier request with the same <c>Idempotency-Key</c> created the deployment.</summary>
    [JsonIgnore]
    public bool IsReplay { get; set; }
}

public partial class SoftwareDeploymentBatchEnvelope
{
    /// <summary>Whether an earlier request with the same <c>Idempotency-Key</c> created the deployments.</summary>
    [JsonIgnore]
    public bool IsReplay { get; set; }
}

public partial class SoftwareConfigEnvelope
{
    /// <summary>The entity tag of the configuration, including quotes, for <c>ifNoneMatch</c>.</summary>
    [JsonIgnore]
    public string? EntityTag { get; set; }
}
