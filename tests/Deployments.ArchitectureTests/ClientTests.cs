using System.Reflection;
using Deployments.Client;
using NUnit.Framework;
using Shouldly;

namespace Deployments.ArchitectureTests;

/// <summary>What the users of the generated client can rely on.</summary>
public class ClientTests
{
    private static readonly Assembly Client = typeof(IDeploymentsClient).Assembly;

    [Test]
    public void Client_references_only_http_dependency_injection_and_options() =>
        Client.References().ShouldBe(
            ["Microsoft.Extensions.Http", "Microsoft.Extensions.DependencyInjection.Abstractions", "Microsoft.Extensions.Options"], ignoreOrder: true);

    [Test]
    public void Client_members_have_a_type_other_than_object() =>
        Members().SelectMany(member => Parts(member.Type).Select(part => (member.Name, Part: part)))
            .ShouldAllBe(member => member.Part != typeof(object));

    [Test]
    public void Client_types_and_members_have_CSharp_names() =>
        Client.GetExportedTypes().Select(type => type.Name.Split('`')[0])
            .Concat(Members().Select(member => member.Name))
            .ShouldAllBe(name => char.IsUpper(name[0]) && !name.Contains('_'));

    [Test]
    public void Client_parameters_have_CSharp_names() =>
        typeof(IDeploymentsClient).GetMethods().SelectMany(method => method.GetParameters()).Select(parameter => parameter.Name!)
            .ShouldAllBe(name => char.IsLower(name[0]) && !name.Contains('_'));

    [Test]
    public void Client_operations_take_a_cancellation_token()
    {
        var operations = typeof(IDeploymentsClient).GetMethods();

        operations.ShouldNotBeEmpty();
        operations.ShouldAllBe(operation => operation.GetParameters().Last().ParameterType == typeof(CancellationToken));
    }

    [Test]
    public void Client_public_api_is_that_of_the_file()
    {
        var api = PublicApi.Describe(Client);
        var written = Path.Combine(AppContext.BaseDirectory, "PublicApi.txt");
        File.WriteAllLines(written, api);
        var frozen = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "PublicApi.Frozen.txt"));

        var changes = frozen.Except(api).Select(line => $"- {line}").Concat(api.Except(frozen).Select(line => $"+ {line}"));

        string.Join(Environment.NewLine, changes).ShouldBeEmpty(
            "The public API of Deployments.Client has changed. What is removed or changed breaks its users. To accept it: "
            + $"cp {written} src/Deployments.Client/PublicApi.txt");
    }

    private static List<(string Name, Type Type)> Members() =>
    [
        .. from type in Client.GetExportedTypes()
           from member in type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
           let shown = member switch
           {
               PropertyInfo property => property.PropertyType,
               MethodInfo { IsSpecialName: false } method => method.ReturnType,
               FieldInfo { IsSpecialName: false } field => field.FieldType,
               _ => null,
           }
           where shown is not null
           select (member.Name, shown),
    ];

    private static IEnumerable<Type> Parts(Type type) => type.GenericTypeArguments.SelectMany(Parts).Prepend(type);
}
