using NetArchTest.Rules;
using NUnit.Framework;
using Shouldly;

namespace Deployments.ArchitectureTests;

public class LayerTests
{
    // Stores keys, and has no word of HTTP.
    private const string KeysOfDataProtection = "Microsoft.AspNetCore.DataProtection";

    private static readonly string[] Storage = ["Microsoft.EntityFrameworkCore", "Npgsql"];

    [Test]
    public void Domain_references_only_dotnet()
    {
        Layers.Domain.GetReferencedAssemblies().ShouldNotBeEmpty();
        Layers.Domain.References().ShouldBeEmpty();
    }

    [Test]
    public void Application_references_only_Domain_and_use_case_libraries() =>
        Layers.Application.References().ShouldBe(
            [
                "AutoMapper",
                "Deployments.Domain",
                "FluentValidation",
                "FluentValidation.DependencyInjectionExtensions",
                "MediatR",
                "Microsoft.Extensions.DependencyInjection.Abstractions",
                "Microsoft.Extensions.Options",
                "UUIDNext",
            ],
            ignoreOrder: true);

    [Test]
    public void Infrastructure_references_the_inner_layers_and_not_HTTP()
    {
        const string http = "Microsoft.AspNetCore";
        Layers.Api.References().ShouldContain(name => name.StartsWith(http));

        var references = Layers.Infrastructure.References();

        references.ShouldContain("Deployments.Application");
        references.ShouldNotContain("Deployments.Api");
        references.ShouldNotContain(name => name.StartsWith(http) && !name.StartsWith(KeysOfDataProtection));
    }

    [Test]
    public void Only_Infrastructure_depends_on_the_database()
    {
        Layers.Infrastructure.ShouldUse(Storage[0]);
        Layers.Infrastructure.ShouldUse(Storage[1]);

        Types.InAssemblies([Layers.Domain, Layers.Application, Layers.Api])
            .ShouldAll(types => types.NotHaveDependencyOnAny(Storage));
    }

    [Test]
    public void Api_depends_on_Infrastructure_only_in_its_composition_root()
    {
        const string infrastructure = "Deployments.Infrastructure";
        Layers.Api.ShouldUse(infrastructure);

        Types.InAssembly(Layers.Api).That().ResideInNamespaceMatching(@"^Deployments\.Api\.").And().DoNotHaveName("Health")
            .ShouldAll(types => types.NotHaveDependencyOn(infrastructure));
    }

    [Test]
    public void Console_references_only_the_client_and_the_framework() =>
        Layers.Console.References().Where(name => !name.StartsWith("Microsoft.", StringComparison.Ordinal)).ShouldBe(["Deployments.Client"]);

    [Test]
    public void Only_Api_hosts_the_console() =>
        new[] { Layers.Domain, Layers.Application, Layers.Infrastructure }.ShouldAllBe(layer => !layer.References().Contains("Deployments.Console"));

    [Test]
    public void Only_Application_depends_on_AutoMapper()
    {
        const string autoMapper = "AutoMapper";
        Layers.Application.ShouldUse(autoMapper);

        Types.InAssemblies([Layers.Domain, Layers.Infrastructure, Layers.Api])
            .ShouldAll(types => types.NotHaveDependencyOn(autoMapper));
    }
}
