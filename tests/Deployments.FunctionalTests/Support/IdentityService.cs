using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Deployments.FunctionalTests.Support;

/// <summary>An OpenID Connect issuer with what discovery needs: a document, and the public keys that it refers to.</summary>
internal sealed class IdentityService : IAsyncDisposable
{
    private readonly Dictionary<string, RSA> keys = [];
    private readonly WebApplication server;

    private IdentityService(WebApplication server) => this.server = server;

    public string Address => server.Urls.Single();

    /// <summary>Settings that make a service trust this issuer.</summary>
    public Dictionary<string, string> Settings => new()
    {
        ["Authentication:Schemes:Bearer:Authority"] = Address,
        ["Authentication:Schemes:Bearer:RequireHttpsMetadata"] = "false",
    };

    /// <summary>Whether it returns an error.</summary>
    public bool IsDown { get; set; }

    /// <summary>Whether it accepts requests and never responds.</summary>
    public bool IsSilent { get; set; }

    public static async Task<IdentityService> StartAsync()
    {
        var server = LoopbackServer.Create();
        var service = new IdentityService(server);
        server.Use(async (context, next) =>
        {
            if (service.IsSilent)
            {
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            }

            if (service.IsDown)
            {
                context.Response.StatusCode = StatusCodes.Status500InternalServerError;
                return;
            }

            await next(context);
        });
        server.MapGet("/.well-known/openid-configuration", () => Results.Json(new { issuer = service.Address, jwks_uri = $"{service.Address}/keys" }));
        server.MapGet("/keys", service.ListKeys);
        await server.StartAsync();
        return service;
    }

    public void Add(string keyId) => keys[keyId] = RSA.Create(2048);

    public void Withdraw(string keyId) => keys.Remove(keyId);

    /// <summary>Signs with the key, even after it was withdrawn.</summary>
    public Func<Token, Token> SignerWith(string keyId)
    {
        var key = keys[keyId];
        return token => token with { Issuer = Address, Algorithm = "RS256", KeyId = keyId, Signature = Token.Rsa(key) };
    }

    public async ValueTask DisposeAsync() => await server.DisposeAsync();

    private IResult ListKeys() => Results.Json(new
    {
        keys = keys.Select(key => (key.Key, Public: key.Value.ExportParameters(includePrivateParameters: false))).Select(key => new
        {
            kty = "RSA",
            use = "sig",
            kid = key.Key,
            n = Base64Url.EncodeToString(key.Public.Modulus),
            e = Base64Url.EncodeToString(key.Public.Exponent),
        }).ToArray(),
    });
}
