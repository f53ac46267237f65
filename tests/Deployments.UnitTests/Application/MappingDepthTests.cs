using AutoMapper;
using Deployments.Application;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Application;

/// <summary>AutoMapper 14 has no limit of its own for nested objects (CVE-2026-32933).</summary>
public class MappingDepthTests
{
    [Test]
    public void Map_of_a_chain_100_000_deep_ends_after_64_objects()
    {
        using var provider = new ServiceCollection()
            .AddLogging()
            .AddApplication()
            .AddAutoMapper(mapping => mapping.CreateMap<Link, LinkDto>())
            .BuildServiceProvider();
        Link? chain = null;
        for (var length = 0; length < 100_000; length++)
        {
            chain = new Link { Next = chain };
        }

        var depth = 0;
        for (var dto = provider.GetRequiredService<IMapper>().Map<LinkDto>(chain); dto is not null; dto = dto.Next)
        {
            depth++;
        }

        depth.ShouldBe(64);
    }

    private sealed class Link
    {
        public Link? Next { get; init; }
    }

    private sealed class LinkDto
    {
        public LinkDto? Next { get; init; }
    }
}
