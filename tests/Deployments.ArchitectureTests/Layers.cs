using System.Reflection;
using Deployments.Api.Controllers;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.SoftwareDeployments;
using Deployments.WebConsole;
using NetArchTest.Rules;
using Shouldly;

namespace Deployments.ArchitectureTests;

/// <summary>The four layers and the console, and assertions about their dependencies.</summary>
internal static class Layers
{
    public static Assembly Domain { get; } = typeof(SoftwareDeployment).Assembly;

    public static Assembly Application { get; } = typeof(CreateDeploymentCommand).Assembly;

    public static Assembly Infrastructure { get; } = typeof(Infrastructure.DependencyInjection).Assembly;

    public static Assembly Console { get; } = typeof(ConsoleSetup).Assembly;

    public static Assembly Api { get; } = typeof(SoftwareDeploymentsController).Assembly;

    /// <summary>Checks the rule for each of the types; fails if there is none.</summary>
    public static void ShouldAll(this PredicateList types, Func<Conditions, ConditionList> rule) =>
        ShouldAll(types.GetTypes(), rule(types.Should()));

    /// <inheritdoc cref="ShouldAll(PredicateList, Func{Conditions, ConditionList})"/>
    public static void ShouldAll(this Types types, Func<Conditions, ConditionList> rule) =>
        ShouldAll(types.GetTypes(), rule(types.Should()));

    /// <summary>At least one type depends on it: a misspelt dependency would be absent everywhere.</summary>
    public static void ShouldUse(this Assembly assembly, string dependency) =>
        Types.InAssembly(assembly).That().HaveDependencyOn(dependency).GetTypes()
            .ShouldNotBeEmpty($"Nothing in {assembly.GetName().Name} uses {dependency}.");

    /// <summary>The referenced assemblies except those of .NET.</summary>
    public static IReadOnlyList<string> References(this Assembly assembly) =>
    [
        .. assembly.GetReferencedAssemblies()
            .Select(reference => reference.Name!)
            .Where(name => !name.StartsWith("System.", StringComparison.Ordinal)),
    ];

    private static void ShouldAll(IEnumerable<Type> types, ConditionList rule)
    {
        types.ShouldNotBeEmpty("The rule applies to no type.");

        var result = rule.GetResult();

        result.IsSuccessful.ShouldBeTrue($"These types violate the rule: {string.Join(", ", result.FailingTypeNames ?? [])}");
    }
}
