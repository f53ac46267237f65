using System.Text.Json;
using AutoMapper;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.SoftwareDeployments;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Application;

public class SoftwareDeploymentMappingTests
{
    private readonly ServiceProvider provider = UseCases.Build();

    private IMapper Mapper => provider.GetRequiredService<IMapper>();

    [OneTimeTearDown]
    public void Dispose() => provider.Dispose();

    [Test]
    public void Each_member_that_goes_out_has_a_source() =>
        Mapper.ConfigurationProvider.AssertConfigurationIsValid();

    [Test]
    public void Each_field_comes_from_its_own()
    {
        var inputs = new Dictionary<string, JsonElement> { ["b"] = JsonElement.Parse("1.0"), ["a"] = JsonElement.Parse("""{"y":[],"x":1e400}""") };
        var deployment = new SoftwareDeployment(
            Guid.NewGuid(),
            "project",
            "config",
            "server",
            new DateTimeOffset(2026, 5, 4, 3, 2, 1, TimeSpan.Zero),
            DeploymentStatus.Complete,
            "reason",
            "action",
            inputs,
            "other project");

        var dto = Mapper.Map<SoftwareDeploymentDto>(deployment);

        dto.ShouldBe(new SoftwareDeploymentDto
        {
            Id = deployment.Id,
            ConfigId = "config",
            ServerId = "server",
            CreationTime = deployment.CreationTime,
            Status = DeploymentStatus.Complete,
            StatusReason = "reason",
            Action = "action",
            InputValues = inputs,
            OutputValues = null,
        });
    }

    [Test]
    public void Null_stays_null()
    {
        var dto = Mapper.Map<SoftwareDeploymentDto>(WithInputs(null));

        dto.InputValues.ShouldBeNull();
        dto.OutputValues.ShouldBeNull();
        dto.Action.ShouldBeNull();
        dto.StatusReason.ShouldBeNull();
    }

    [Test]
    public void An_empty_object_stays_an_empty_object()
    {
        var dto = Mapper.Map<SoftwareDeploymentDto>(WithInputs(new Dictionary<string, JsonElement>()));

        dto.InputValues.ShouldNotBeNull().ShouldBeEmpty();
    }

    private static SoftwareDeployment WithInputs(IReadOnlyDictionary<string, JsonElement>? inputs) =>
        new(Guid.NewGuid(), "project", "config", "server", DateTimeOffset.UnixEpoch, inputValues: inputs);
}
