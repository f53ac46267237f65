using AutoMapper.Internal;
using Deployments.Application.ChangeFeed;
using Deployments.Application.Common;
using Deployments.Application.Common.Behaviours;
using Deployments.Application.Common.Paging;
using Deployments.Application.Common.Validation;
using Deployments.Application.SoftwareDeployments;
using FluentValidation;
using MediatR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Deployments.Application;

/// <summary>Registers the use cases.</summary>
public static class DependencyInjection
{
    /// <summary>
    /// Adds every handler, validator and mapping of this assembly, and the mediator that dispatches to them.
    /// Infrastructure adds the stores that the handlers need.
    /// </summary>
    /// <param name="services">Where to add them.</param>
    public static IServiceCollection AddApplication(this IServiceCollection services)
    {
        ValidatorOptions.Global.PropertyNameResolver = (_, member, _) => member is null ? null : ValidationRules.WireName(member.Name);

        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<TimeBudgets>();
        services.AddSingleton<RequestDeadline>();
        services.AddSingleton<ListReader>();
        services.AddSingleton<ReadTurns>();
        services.AddSingleton<SharedFeedReads>();
        services.AddScoped<IdempotentCreate>();
        services.AddAutoMapper(mapping =>
        {
            mapping.AllowNullCollections = true; // null and {} differ on the wire
            mapping.Internal().ForAllMaps((_, map) => map.MaxDepth(64)); // AutoMapper 14 has no limit of its own: CVE-2026-32933
            mapping.AddMaps(typeof(DependencyInjection).Assembly);
        });
        services.AddValidatorsFromAssembly(typeof(DependencyInjection).Assembly, ServiceLifetime.Singleton, includeInternalTypes: true);

        services.AddScoped<ServiceFactory>(provider => provider.GetRequiredService);
        services.AddScoped<IMediator, TimeLimitedMediator>();
        services.AddScoped(typeof(IPipelineBehavior<,>), typeof(ValidationBehaviour<,>));
        services.TryAddEnumerable(
            from type in typeof(DependencyInjection).Assembly.GetTypes()
            where type is { IsAbstract: false, IsGenericTypeDefinition: false }
            from contract in type.GetInterfaces()
            where contract.IsGenericType && contract.GetGenericTypeDefinition() == typeof(IRequestHandler<,>)
            select ServiceDescriptor.Scoped(contract, type));

        return services;
    }
}
