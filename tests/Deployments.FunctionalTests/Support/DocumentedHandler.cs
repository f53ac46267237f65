namespace Deployments.FunctionalTests.Support;

/// <summary>All HTTP of the tests passes this handler, which validates it against the document.</summary>
internal sealed class DocumentedHandler : DelegatingHandler
{
    private static readonly Lazy<Task<Document>> Document = new(Support.Document.ReadAsync);

    public DocumentedHandler()
        : base(new SocketsHttpHandler { AllowAutoRedirect = false })
    {
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        await (await Document.Value).ShouldDescribeAsync(request, response);
        return response;
    }
}
