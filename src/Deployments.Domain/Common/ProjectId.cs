namespace Deployments.Domain.Common;

/// <summary>What a project's id must be: not blank, at most 64 characters.</summary>
public static class ProjectId
{
    public const int MaxLength = 64;

    public static bool IsValid(string text) => !string.IsNullOrWhiteSpace(text) && text.HasAtMost(MaxLength);
}
