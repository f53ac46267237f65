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
    public void What_serves_requests_is_internal_and_sealed(Type role)
    {
        var types = Implementing(role).ToList();

        types.ShouldNotBeEmpty();
        types.ShouldAllBe(type => type.IsNotPublic && type.IsSealed);
    }

    [Test]
    public void Profiles_are_internal_and_sealed() =>
        Types.InAssembly(Layers.Application).That().Inherit(typeof(Profile))
            .ShouldAll(types => types.BeSealed().And().NotBePublic().And().HaveNameEndingWith("Profile"));

    [TestCaseSource(nameof(Requests))]
    public void A_request_is_public_sealed_and_a_command_or_a_query(Type request)
    {
        request.IsPublic.ShouldBeTrue();
        request.IsSealed.ShouldBeTrue();
        request.Name.ShouldMatch("(Command|Query)$");
    }

    [TestCaseSource(nameof(Requests))]
    public void A_request_has_its_handler_beside_it(Type request)
    {
        var handler = Implementing(typeof(IRequestHandler<,>), request).ShouldHaveSingleItem();

        handler.FullName.ShouldBe($"{request.Namespace}.{Stem(request)}Handler");
    }

    [Test]
    public void A_validator_stands_beside_its_request()
    {
        var validated = Requests().SelectMany(request => Implementing(typeof(IValidator<>), request).Select(type => (request, type))).ToList();

        validated.ShouldNotBeEmpty();
        validated.ShouldAllBe(pair => pair.type.FullName == $"{pair.request.Namespace}.{Stem(pair.request)}Validator");
        Implementing(typeof(IValidator<>)).ShouldBe(validated.Select(pair => pair.type), ignoreOrder: true);
    }

    [Test]
    public void Errors_are_sealed_exceptions_in_one_place()
    {
        Types.InAssembly(Layers.Application).That().Inherit(typeof(Exception))
            .ShouldAll(types => types.BeSealed().And().ResideInNamespace("Deployments.Application.Errors").And().HaveNameEndingWith("Exception"));
        Types.InAssembly(Layers.Application).That().ResideInNamespace("Deployments.Application.Errors")
            .ShouldAll(types => types.Inherit(typeof(Exception)));
    }

    private static string Stem(Type request)
    {
        var suffix = request.Name.EndsWith("Query", StringComparison.Ordinal) ? "Query" : "Command";
        return request.Name[..^suffix.Length];
    }

    private static List<Type> Requests()
    {
        var requests = Implementing(typeof(IRequest<>)).ToList();
        requests.ShouldNotBeEmpty();
        return requests;
    }

    private static IEnumerable<Type> Implementing(Type role, Type? request = null) =>
        from type in Layers.Application.GetTypes()
        where !type.IsAbstract && type.GetInterfaces().Any(contract =>
            contract.IsGenericType
            && contract.GetGenericTypeDefinition() == role
            && (request is null || contract.GetGenericArguments()[0] == request))
        select type;
}
