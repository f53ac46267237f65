namespace Deployments.Api.Middleware;

/// <summary>Runs actions just before the headers of a response are sent, whatever wrote it. Headers that are set earlier are lost on errors.</summary>
internal static class ResponseStarting
{
    public static void OnResponseStarting(this IApplicationBuilder app, params Action<HttpContext>[] actions) => app.Use((context, next) =>
    {
        context.Response.OnStarting(() =>
        {
            foreach (var action in actions)
            {
                action(context);
            }

            return Task.CompletedTask;
        });
        return next(context);
    });
}
