namespace Deployments.Domain.Common;

/// <summary>Rules for a project's id: not blank, at most 64 characters.</summary>
public static class ProjectId
{
    public const int MaxLength = 64;

    public static bool IsValid(string text) => !string.IsNullOrWhiteSpace(text) && text.HasAtMost(MaxLength);
}
