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
    public void The_client_knows_the_service_by_its_document_alone() =>
        Client.References().ShouldBe(
            ["Microsoft.Extensions.Http", "Microsoft.Extensions.DependencyInjection.Abstractions", "Microsoft.Extensions.Options"], ignoreOrder: true);

    [Test]
    public void Everything_has_a_type() =>
        Members().SelectMany(member => Parts(member.Type).Select(part => (member.Name, Part: part)))
            .ShouldAllBe(member => member.Part != typeof(object));

    [Test]
    public void Everything_has_a_name_as_CSharp_has_them() =>
        Client.GetExportedTypes().Select(type => type.Name.Split('`')[0])
            .Concat(Members().Select(member => member.Name))
            .ShouldAllBe(name => char.IsUpper(name[0]) && !name.Contains('_'));

    [Test]
    public void Parameters_have_names_as_CSharp_has_them() =>
        typeof(IDeploymentsClient).GetMethods().SelectMany(method => method.GetParameters()).Select(parameter => parameter.Name!)
            .ShouldAllBe(name => char.IsLower(name[0]) && !name.Contains('_'));

    [Test]
    public void Every_operation_can_be_cancelled()
    {
        var operations = typeof(IDeploymentsClient).GetMethods();

        operations.ShouldNotBeEmpty();
        operations.ShouldAllBe(operation => operation.GetParameters().Last().ParameterType == typeof(CancellationToken));
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
