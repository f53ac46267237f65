using System.Reflection;
using Deployments.Api.Controllers;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.SoftwareDeployments;
using NetArchTest.Rules;
using Shouldly;

namespace Deployments.ArchitectureTests;

/// <summary>The four layers, and how a wall between types is held.</summary>
internal static class Layers
{
    public static Assembly Domain { get; } = typeof(SoftwareDeployment).Assembly;

    public static Assembly Application { get; } = typeof(CreateDeploymentCommand).Assembly;

    public static Assembly Infrastructure { get; } = typeof(Infrastructure.DependencyInjection).Assembly;

    public static Assembly Api { get; } = typeof(SoftwareDeploymentsController).Assembly;

    /// <summary>Holds each of the types to the rule; where there is none, the rule guards nothing, and that is a failure too.</summary>
    public static void ShouldAll(this PredicateList types, Func<Conditions, ConditionList> rule) =>
        ShouldAll(types.GetTypes(), rule(types.Should()));

    /// <inheritdoc cref="ShouldAll(PredicateList, Func{Conditions, ConditionList})"/>
    public static void ShouldAll(this Types types, Func<Conditions, ConditionList> rule) =>
        ShouldAll(types.GetTypes(), rule(types.Should()));

    /// <summary>Some type depends on it: a dependency that is misspelt would be absent everywhere.</summary>
    public static void ShouldUse(this Assembly assembly, string dependency) =>
        Types.InAssembly(assembly).That().HaveDependencyOn(dependency).GetTypes()
            .ShouldNotBeEmpty($"Nothing in {assembly.GetName().Name} uses {dependency}.");

    /// <summary>The assemblies whose types it really uses, but for .NET's own.</summary>
    public static IReadOnlyList<string> References(this Assembly assembly) =>
    [
        .. assembly.GetReferencedAssemblies()
            .Select(reference => reference.Name!)
            .Where(name => !name.StartsWith("System.", StringComparison.Ordinal)),
    ];

    private static void ShouldAll(IEnumerable<Type> types, ConditionList rule)
    {
        types.ShouldNotBeEmpty("The rule is about no type.");

        var result = rule.GetResult();

        result.IsSuccessful.ShouldBeTrue($"These break the rule: {string.Join(", ", result.FailingTypeNames ?? [])}");
    }
}
