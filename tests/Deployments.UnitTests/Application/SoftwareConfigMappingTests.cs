using System.Text.Json;
using AutoMapper;
using Deployments.Application.SoftwareConfigs;
using Deployments.Domain.SoftwareConfigs;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Application;

public class SoftwareConfigMappingTests
{
    private static readonly DateTimeOffset Time = new(2026, 5, 4, 3, 2, 1, TimeSpan.Zero);

    private readonly ServiceProvider provider = UseCases.Build();

    private IMapper Mapper => provider.GetRequiredService<IMapper>();

    [OneTimeTearDown]
    public void Dispose() => provider.Dispose();

    [Test]
    public void Map_copies_each_field()
    {
        var script = JsonElement.Parse("\"#!/bin/sh\"");
        var number = JsonElement.Parse("80.0");
        var value = JsonElement.Parse("""{"b":1,"a":[]}""");
        var options = new Dictionary<string, JsonElement> { ["b"] = number, ["a"] = value };
        var config = new SoftwareConfig(
            Guid.NewGuid(),
            "project",
            Time,
            "name",
            "group",
            script,
            [new ConfigInput("port", ConfigValueType.Number, "in", number, replaceOnChange: true, value), new ConfigInput("a")],
            [new ConfigOutput("url", ConfigValueType.Json, "out", errorOutput: true), new ConfigOutput("a")],
            options);

        var dto = Mapper.Map<SoftwareConfigDto>(config);

        dto.Id.ShouldBe(config.Id);
        dto.Name.ShouldBe("name");
        dto.Group.ShouldBe("group");
        dto.CreationTime.ShouldBe(Time);
        dto.Config.ShouldBe(script);
        dto.Inputs.ShouldBe(
            [
                new ConfigInputDto
                {
                    Name = "port",
                    Type = ConfigValueType.Number,
                    Description = "in",
                    Default = number,
                    ReplaceOnChange = true,
                    Value = value,
                },
                new ConfigInputDto { Name = "a", Type = ConfigValueType.String },
            ]);
        dto.Outputs.ShouldBe(
            [
                new ConfigOutputDto { Name = "url", Type = ConfigValueType.Json, Description = "out", ErrorOutput = true },
                new ConfigOutputDto { Name = "a", Type = ConfigValueType.String, ErrorOutput = false },
            ]);
        dto.Options.ShouldBeSameAs(options);
    }

    [Test]
    public void Map_of_missing_fields_returns_null_or_empty()
    {
        var dto = Mapper.Map<SoftwareConfigDto>(new SoftwareConfig(Guid.NewGuid(), "project", Time));

        dto.Name.ShouldBeNull();
        dto.Group.ShouldBeNull();
        dto.Config.ShouldBeNull();
        dto.Inputs.ShouldNotBeNull().ShouldBeEmpty();
        dto.Outputs.ShouldNotBeNull().ShouldBeEmpty();
        dto.Options.ShouldNotBeNull().ShouldBeEmpty();
    }
}
