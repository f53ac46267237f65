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
    public void Every_DTO_member_has_a_source() =>
        Mapper.ConfigurationProvider.AssertConfigurationIsValid();

    [Test]
    public void Map_copies_each_field()
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
        var outputs = new Dictionary<string, JsonElement> { ["out"] = JsonElement.Parse("[1.0]") };
        var updated = deployment.CreationTime.AddDays(1);
        deployment.Change(new DeploymentChanges { NewRunId = Guid.NewGuid(), OutputValues = outputs }, updated);

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
            OutputValues = outputs,
            UpdatedTime = updated,
            Version = 2,
        });
    }

    [Test]
    public void Map_keeps_null()
    {
        var dto = Mapper.Map<SoftwareDeploymentDto>(WithInputs(null));

        dto.InputValues.ShouldBeNull();
        dto.OutputValues.ShouldBeNull();
        dto.Action.ShouldBeNull();
        dto.StatusReason.ShouldBeNull();
        dto.UpdatedTime.ShouldBeNull();
    }

    [Test]
    public void Map_keeps_an_empty_object()
    {
        var dto = Mapper.Map<SoftwareDeploymentDto>(WithInputs(new Dictionary<string, JsonElement>()));

        dto.InputValues.ShouldNotBeNull().ShouldBeEmpty();
    }

    [Test]
    public void Map_of_an_event_copies_each_field()
    {
        var happened = new DeploymentEvent(
            "project", Guid.NewGuid(), 3, DateTimeOffset.UnixEpoch, "action", DeploymentStatus.Failed, "reason", "actor", "req-1");

        var dto = Mapper.Map<DeploymentEventDto>(happened);

        dto.ShouldBe(new DeploymentEventDto
        {
            Version = 3,
            Time = DateTimeOffset.UnixEpoch,
            Action = "action",
            Status = DeploymentStatus.Failed,
            StatusReason = "reason",
            Actor = "actor",
            RequestId = "req-1",
        });
    }

    [Test]
    public void Map_of_a_list_keeps_its_order()
    {
        var deployments = Enumerable.Range(0, 3).Select(_ => WithInputs(null)).ToList();

        var dtos = Mapper.Map<IReadOnlyList<SoftwareDeploymentDto>>(deployments);

        dtos.Select(dto => dto.Id).ShouldBe(deployments.Select(deployment => deployment.Id));
    }

    private static SoftwareDeployment WithInputs(IReadOnlyDictionary<string, JsonElement>? inputs) =>
        new(Guid.NewGuid(), "project", "config", "server", DateTimeOffset.UnixEpoch, inputValues: inputs);
}
