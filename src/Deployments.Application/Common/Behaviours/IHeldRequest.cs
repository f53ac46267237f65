namespace Deployments.Application.Common.Behaviours;

/// <summary>
/// A request that may wait longer than the deadline of others. Its handler gives each piece of its work a deadline of its own
/// (<see cref="RequestDeadline"/>).
/// </summary>
public interface IHeldRequest;
