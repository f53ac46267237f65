using AutoMapper;
using FluentValidation;
using MediatR;
using NetArchTest.Rules;
using NUnit.Framework;
using Shouldly;

namespace Deployments.ArchitectureTests;

public class UseCaseTests
{
    [TestCase(typeof(IRequestHandler<,>))]
    [TestCase(typeof(IValidator<>))]
    [TestCase(typeof(IPipelineBehavior<,>))]
    public void Handlers_validators_and_behaviors_are_internal_and_sealed(Type role)
    {
        var types = Implementing(role).ToList();

        types.ShouldNotBeEmpty();
        types.ShouldAllBe(type => !type.IsVisible && type.IsSealed);
    }

    [Test]
    public void Profiles_are_internal_and_sealed() =>
        Types.InAssembly(Layers.Application).That().Inherit(typeof(Profile))
            .ShouldAll(types => types.BeSealed().And().NotBePublic().And().HaveNameEndingWith("Profile"));

    [TestCaseSource(nameof(Requests))]
    public void Request_is_public_sealed_and_a_command_or_a_query(Type request)
    {
        request.IsPublic.ShouldBeTrue();
        request.IsSealed.ShouldBeTrue();
        request.Name.ShouldMatch("(Command|Query)$");
    }

    [TestCaseSource(nameof(Requests))]
    public void Request_has_one_handler_in_its_namespace(Type request)
    {
        var handler = Implementing(typeof(IRequestHandler<,>), request).ShouldHaveSingleItem();

        handler.FullName.ShouldBe($"{request.Namespace}.{Stem(request)}Handler");
    }

    // What is validated is a request, or the part that several requests share.
    [TestCaseSource(nameof(Validators))]
    public void Validator_is_in_the_namespace_of_what_it_validates(Type validator)
    {
        var validated = Contracts(validator, typeof(IValidator<>)).ShouldHaveSingleItem().GetGenericArguments()[0];

        validator.FullName.ShouldBe($"{validated.Namespace}.{Stem(validated)}Validator");
    }

    [Test]
    public void Nested_validator_is_private_to_another_validator()
    {
        var nested = Implementing(typeof(IValidator<>)).Where(type => type.IsNested).ToList();

        nested.ShouldNotBeEmpty();
        nested.ShouldAllBe(type => type.IsNestedPrivate && Contracts(type.DeclaringType!, typeof(IValidator<>)).Any());
    }

    [Test]
    public void Errors_are_sealed_exceptions_in_one_namespace()
    {
        Types.InAssembly(Layers.Application).That().Inherit(typeof(Exception))
            .ShouldAll(types => types.BeSealed().And().ResideInNamespace("Deployments.Application.Common.Errors").And().HaveNameEndingWith("Exception"));
        Types.InAssembly(Layers.Application).That().ResideInNamespace("Deployments.Application.Common.Errors")
            .ShouldAll(types => types.Inherit(typeof(Exception)));
    }

    private static string Stem(Type validated)
    {
        var suffix = Array.Find(["Query", "Command"], suffix => validated.Name.EndsWith(suffix, StringComparison.Ordinal)) ?? string.Empty;
        return validated.Name[..^suffix.Length];
    }

    private static List<Type> Requests()
    {
        var requests = Implementing(typeof(IRequest<>)).ToList();
        requests.ShouldNotBeEmpty();
        return requests;
    }

    private static List<Type> Validators()
    {
        var validators = Implementing(typeof(IValidator<>)).Where(type => !type.IsNested).ToList();
        validators.ShouldNotBeEmpty();
        return validators;
    }

    private static IEnumerable<Type> Implementing(Type role, Type? request = null) =>
        from type in Layers.Application.GetTypes()
        where !type.IsAbstract
            && Contracts(type, role).Any(contract => request is null || contract.GetGenericArguments()[0] == request)
        select type;

    private static IEnumerable<Type> Contracts(Type type, Type role) =>
        type.GetInterfaces().Where(contract => contract.IsGenericType && contract.GetGenericTypeDefinition() == role);
}
