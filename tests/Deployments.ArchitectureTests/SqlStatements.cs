using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Deployments.ArchitectureTests;

/// <summary>A text of SQL in the source, with what the source puts into it.</summary>
/// <param name="Member">The type and the member that has it.</param>
/// <param name="Text">What is not known before the service runs is a name between angle brackets.</param>
internal sealed record SqlStatement(string Member, string Text);

/// <summary>A use of a table through Entity Framework Core.</summary>
/// <param name="Member">The type and the member that has it.</param>
/// <param name="Table">The property of the context.</param>
/// <param name="Text">The statement of C# that it is part of.</param>
internal sealed record TableUse(string Member, string Table, string Text);

/// <summary>The SQL that the infrastructure sends, migrations aside, read from its source.</summary>
internal sealed partial class SqlStatements
{
    private const int MaxDepth = 12;

    private readonly CSharpCompilation compilation;
    private readonly Dictionary<SyntaxTree, SemanticModel> models = [];

    private SqlStatements(CSharpCompilation compilation) => this.compilation = compilation;

    public static SqlStatements OfInfrastructure { get; } = Read();

    /// <summary>
    /// Each text that has a keyword of SQL. A method that makes a text of another one is followed where it is called.
    /// </summary>
    public IEnumerable<SqlStatement> All =>
        from tree in compilation.SyntaxTrees
        from text in tree.GetRoot().DescendantNodes(node => !IsText(node) && !IsTemplate(node)).OfType<ExpressionSyntax>()
        where IsText(text)
        let rendered = Render(text, new Dictionary<ISymbol, string>(SymbolEqualityComparer.Default), depth: 0)
        where Keyword().IsMatch(rendered)
        select new SqlStatement(MemberOf(text), rendered);

    public IEnumerable<TableUse> TableUses =>
        from tree in compilation.SyntaxTrees
        from access in tree.GetRoot().DescendantNodes().OfType<MemberAccessExpressionSyntax>()
        where ModelOf(access).GetSymbolInfo(access).Symbol is IPropertySymbol { ContainingType.Name: "DeploymentsDbContext", Type.Name: "DbSet" }
        let statement = access.Ancestors().First(node => node is StatementSyntax or ArrowExpressionClauseSyntax or EqualsValueClauseSyntax)
        select new TableUse(MemberOf(access), access.Name.Identifier.Text, statement.ToString());

    /// <summary>The members that use a name.</summary>
    public IEnumerable<string> UsersOf(string name) =>
        from tree in compilation.SyntaxTrees
        from identifier in tree.GetRoot().DescendantNodes().OfType<IdentifierNameSyntax>()
        where identifier.Identifier.Text == name
        select MemberOf(identifier);

    private static SqlStatements Read([CallerFilePath] string thisFile = "")
    {
        var folder = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "src", "Deployments.Infrastructure"));
        var trees = Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(file => !Ignored().IsMatch(Path.GetRelativePath(folder, file)))
            .Select(file => CSharpSyntaxTree.ParseText(File.ReadAllText(file), path: file));
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileNameWithoutExtension(path) != "Deployments.Infrastructure")
            .Select(path => MetadataReference.CreateFromFile(path));
        var usings = CSharpSyntaxTree.ParseText(
            """
            global using System;
            global using System.Collections.Generic;
            global using System.IO;
            global using System.Linq;
            global using System.Threading;
            global using System.Threading.Tasks;
            """);
        return new(CSharpCompilation.Create("Infrastructure", [usings, .. trees], references));
    }

    private bool IsText(SyntaxNode node) => node switch
    {
        LiteralExpressionSyntax => node.IsKind(SyntaxKind.StringLiteralExpression),
        InterpolatedStringExpressionSyntax => true,
        BinaryExpressionSyntax sum => node.IsKind(SyntaxKind.AddExpression) && (IsText(sum.Left) || IsText(sum.Right)),
        InvocationExpressionSyntax call => ModelOf(call).GetSymbolInfo(call).Symbol is IMethodSymbol method && IsTemplate(method),
        _ => false,
    };

    private bool IsTemplate(SyntaxNode node) =>
        node is MethodDeclarationSyntax or LocalFunctionStatementSyntax && ModelOf(node).GetDeclaredSymbol(node) is IMethodSymbol method && IsTemplate(method);

    private static bool IsTemplate(IMethodSymbol method) =>
        method.ReturnType.SpecialType == SpecialType.System_String && !method.Parameters.IsEmpty && BodyOf(method) is not null;

    private static string MemberOf(SyntaxNode node)
    {
        var member = node.Ancestors().OfType<MemberDeclarationSyntax>().First();
        var name = member switch
        {
            MethodDeclarationSyntax method => method.Identifier.Text,
            PropertyDeclarationSyntax property => property.Identifier.Text,
            FieldDeclarationSyntax field => field.Declaration.Variables[0].Identifier.Text,
            ConstructorDeclarationSyntax => "new",
            _ => member.Kind().ToString(),
        };
        return $"{node.Ancestors().OfType<TypeDeclarationSyntax>().First().Identifier.Text}.{name}";
    }

    private SemanticModel ModelOf(SyntaxNode node) =>
        models.TryGetValue(node.SyntaxTree, out var model)
            ? model
            : models[node.SyntaxTree] = compilation.GetSemanticModel(node.SyntaxTree);

    private string Render(ExpressionSyntax expression, Dictionary<ISymbol, string> arguments, int depth)
    {
        if (ModelOf(expression).GetConstantValue(expression) is { HasValue: true, Value: { } constant })
        {
            return Convert.ToString(constant, System.Globalization.CultureInfo.InvariantCulture)!;
        }

        if (depth > MaxDepth)
        {
            return Unknown(expression);
        }

        switch (expression)
        {
            case InterpolatedStringExpressionSyntax text:
                return string.Concat(text.Contents.Select(part => part switch
                {
                    InterpolatedStringTextSyntax literal => literal.TextToken.ValueText,
                    InterpolationSyntax hole => Render(hole.Expression, arguments, depth + 1),
                    _ => string.Empty,
                }));
            case BinaryExpressionSyntax sum:
                return Render(sum.Left, arguments, depth + 1) + Render(sum.Right, arguments, depth + 1);
            case ParenthesizedExpressionSyntax inner:
                return Render(inner.Expression, arguments, depth + 1);
            case ConditionalExpressionSyntax either:
                return $"{Render(either.WhenTrue, arguments, depth + 1)} {Render(either.WhenFalse, arguments, depth + 1)}";
            case LambdaExpressionSyntax { ExpressionBody: { } body }:
                return Render(body, arguments, depth + 1);
            case BaseObjectCreationExpressionSyntax { Initializer.Expressions: { Count: > 0 } items }:
                return string.Join(' ', items.Select(item => Render(item, arguments, depth + 1)));
            case InvocationExpressionSyntax call:
                return RenderCall(call, arguments, depth);
            case IdentifierNameSyntax or MemberAccessExpressionSyntax when ModelOf(expression).GetSymbolInfo(expression).Symbol is { } symbol:
                return arguments.TryGetValue(symbol, out var argument) ? argument
                    : ValueOf(symbol) is { } value ? Render(value, arguments, depth + 1)
                    : Unknown(expression);
            default:
                return Unknown(expression);
        }
    }

    /// <summary>What a method of the source returns; of any other the texts that it is given.</summary>
    private string RenderCall(InvocationExpressionSyntax call, Dictionary<ISymbol, string> arguments, int depth)
    {
        var given = call.ArgumentList.Arguments;
        if (ModelOf(call).GetSymbolInfo(call).Symbol is IMethodSymbol method && BodyOf(method) is { } body)
        {
            var inner = new Dictionary<ISymbol, string>(arguments, SymbolEqualityComparer.Default);
            for (var index = 0; index < given.Count; index++)
            {
                var parameter = given[index].NameColon is { } named
                    ? method.Parameters.Single(one => one.Name == named.Name.Identifier.Text)
                    : method.Parameters[Math.Min(index, method.Parameters.Length - 1)];
                inner[parameter.OriginalDefinition] = Render(given[index].Expression, arguments, depth + 1);
            }

            return Render(body, inner, depth + 1);
        }

        var parts = given.Select(one => one.Expression);
        if (call.Expression is MemberAccessExpressionSyntax { Expression: { } receiver } && receiver is not PredefinedTypeSyntax)
        {
            parts = parts.Prepend(receiver);
        }

        return string.Join(' ', parts.Select(part => Render(part, arguments, depth + 1)));
    }

    private static ExpressionSyntax? BodyOf(IMethodSymbol method) => method.OriginalDefinition.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax() switch
    {
        MethodDeclarationSyntax { ExpressionBody.Expression: { } body } => body,
        LocalFunctionStatementSyntax { ExpressionBody.Expression: { } body } => body,
        MethodDeclarationSyntax { Body: { } block } => Returned(block),
        LocalFunctionStatementSyntax { Body: { } block } => Returned(block),
        _ => null,
    };

    private static ExpressionSyntax? Returned(BlockSyntax block) =>
        block.Statements.OfType<ReturnStatementSyntax>().LastOrDefault()?.Expression;

    private static ExpressionSyntax? ValueOf(ISymbol symbol) => symbol.OriginalDefinition.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax() switch
    {
        VariableDeclaratorSyntax { Initializer.Value: { } value } => value,
        PropertyDeclarationSyntax { ExpressionBody.Expression: { } value } => value,
        PropertyDeclarationSyntax { Initializer.Value: { } value } => value,
        _ => null,
    };

    private static string Unknown(ExpressionSyntax expression) => $"<{NotWord().Replace(expression.ToString(), "_")}>";

    [GeneratedRegex(@"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|SET|set_config)\b")]
    private static partial Regex Keyword();

    [GeneratedRegex(@"\W+")]
    private static partial Regex NotWord();

    [GeneratedRegex(@"^(obj|bin)[\\/]|Migrations[\\/]|OnlineMigration")]
    private static partial Regex Ignored();
}
