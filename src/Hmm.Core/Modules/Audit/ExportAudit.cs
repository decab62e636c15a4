// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection.Metadata;
using Hmm.Core.Modules.Exports;
using Hmm.Core.Modules.Metadata;
using Hmm.Uapi;

namespace Hmm.Core.Modules.Audit;

/// <summary>
/// Checks an export table by walking the code behind it: <c>hmm exports audit</c>. What was found by argument in 2018,
/// that device memory with its fault and free hooks wraps GPL-only and unexported functions, a program finds here.
/// </summary>
/// <remarks>Pure: it reads assemblies and runs nothing of them.</remarks>
internal static class ExportAudit
{
    /// <summary>Audits files.</summary>
    /// <param name="corePath">The assembly whose exports are audited, where public means exported.</param>
    /// <param name="treePaths">
    /// Every assembly of the tree that may use it; without any, nothing is said about users.
    /// </param>
    /// <param name="savedPath">A table saved with <c>hmm exports --symvers</c>, or null.</param>
    /// <exception cref="HmmException">A file cannot be read, or is not what it must be.</exception>
    public static AuditReport RunFiles(string corePath, IEnumerable<string> treePaths, string? savedPath)
    {
        var files = new Loading.SystemModuleFiles();
        var opened = new List<ModuleImage>();
        try
        {
            foreach (var path in treePaths.Prepend(corePath))
            {
                opened.Add(ModuleImageReader.ReadPrivate(path, files.Read(path, ModuleImageReader.LengthMaxBytes)));
            }

            using var saved = savedPath is null ? null : new StringReader(
                System.Text.Encoding.UTF8.GetString(files.Read(savedPath, ModuleImageReader.LengthMaxBytes)));
            return ModuleImageReader.Guard(
                corePath,
                () => Run(
                    opened[0].Metadata,
                    [.. opened.Skip(1).Select(i => i.Metadata)],
                    saved is null ? null : SymbolVersions.Read(saved)));
        }
        finally
        {
            opened.ForEach(i => i.Dispose());
        }
    }

    /// <summary>Audits images.</summary>
    public static AuditReport Run(
        MetadataImage core, IReadOnlyList<MetadataImage> treeImages, IReadOnlyList<Export>? saved)
    {
        foreach (var image in treeImages.Append(core))
        {
            // The audit is for trusted trees and looks at the same code again for each export.
            image.Budget.Lift();
        }

        var surface = ExportReader.Read(core, publicMeansExported: true);
        var exports = surface.Exports.OrderBy(e => e.Symbol, StringComparer.Ordinal).ToList();
        var tree = new AuditedTree(core, treeImages);
        List<AuditFinding> findings =
        [
            .. surface.Problems.Select(p => new AuditFinding(AuditKind.UnclearClass, p.Split(' ')[0], p, [])),
            .. PlainExports(core, exports, tree),
            .. tree.IsEmpty ? [] : Unused(core, exports, tree),
            .. saved is null ? [] : Changed(exports, saved, tree),
            .. tree.Modules.Select(ReflectionIn).OfType<AuditFinding>(),
        ];
        return new AuditReport(
            [.. exports.Select(e => new ExportUse(e, tree.UsersOf(e.Symbol)))],
            [.. findings.OrderBy(f => f.Kind).ThenBy(f => f.Symbol, StringComparer.Ordinal)]);
    }

    private static IEnumerable<AuditFinding> PlainExports(MetadataImage core, List<Export> exports, AuditedTree tree)
    {
        var check = new LeafCheck(core, tree.Universe, exports);
        var plain = exports.Where(e => e.Class == ExportClass.Plain).ToDictionary(
            e => e.Symbol, StringComparer.Ordinal);
        foreach (var member in MembersOf(core))
        {
            if (!core.IsVisible(member) || !plain.TryGetValue(member.Symbol, out var export))
            {
                continue;
            }

            if (check.Check(export, member) is { } finding)
            {
                yield return finding;
            }
            else if (!tree.IsEmpty && check.TakesHook(member) && tree.ProprietaryUsersOf(export.Symbol).Count == 0)
            {
                yield return new AuditFinding(
                    AuditKind.GplOnlyCandidate,
                    export.Symbol,
                    $"{export.Symbol} is plain, lets its caller hook into the core, and no module needs it to be "
                        + "plain; consider GPL-only.",
                    tree.UsersOf(export.Symbol));
            }
        }
    }

    private static IEnumerable<MemberDef> MembersOf(MetadataImage core) =>
        core.Metadata.MethodDefinitions.Select(h => new MemberDef(core, h))
            .Concat(core.Metadata.FieldDefinitions.Select(h => new MemberDef(core, h)));

    private static IEnumerable<AuditFinding> Unused(MetadataImage core, List<Export> exports, AuditedTree tree)
    {
        var used = UsedUnits.Find(core, exports, tree);
        return exports.Select(export => export.Unit).Distinct(StringComparer.Ordinal)
            .Where(unit => !used.Contains(unit))
            .Select(unit => new AuditFinding(
                AuditKind.Unused,
                unit,
                $"{unit} is exported, and nothing in the tree uses it; make it internal until something does.",
                []));
    }

    private static IEnumerable<AuditFinding> Changed(
        List<Export> exports, IReadOnlyList<Export> saved, AuditedTree tree)
    {
        var now = exports.ToDictionary(e => e.Symbol, StringComparer.Ordinal);
        foreach (var old in saved)
        {
            var (what, broken) = !now.TryGetValue(old.Symbol, out var export) ? ("is gone", tree.UsersOf(old.Symbol))
                : (old.Class, export.Class) == (ExportClass.Plain, ExportClass.GplOnly)
                    ? ("was plain and is GPL-only", tree.ProprietaryUsersOf(old.Symbol))
                : (old.Class, export.Class) == (ExportClass.GplOnly, ExportClass.Plain)
                    ? ("was GPL-only and is plain", [])
                : old.Namespace != export.Namespace
                    ? ($"moved from namespace '{old.Namespace}' to '{export.Namespace}'", tree.UsersOf(old.Symbol))
                : old.Version != export.Version ? ("has another signature", tree.UsersOf(old.Symbol))
                : ("", []);
            if (what.Length > 0)
            {
                var who = broken.Count == 0 ? "nobody in the tree breaks" : $"{string.Join(", ", broken)} would break";
                yield return new AuditFinding(
                    AuditKind.Changed,
                    old.Symbol,
                    $"{old.Symbol} {what} since the saved table: {who}. If it is meant, raise the contract version "
                        + "and save the table again.",
                    [.. broken.Select(b => $"breaks {b}")]);
            }
        }
    }

    private static AuditFinding? ReflectionIn(MetadataImage image)
    {
        var used = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var handle in image.Metadata.MemberReferences)
        {
            var reference = image.Metadata.GetMemberReference(handle);
            if (reference.Parent.Kind != HandleKind.MethodDefinition
                && image.KeyOf(reference.Parent) is { } type
                && image.Text(reference.Name) is var name
                && IsReflection(type.Name, name))
            {
                used.Add($"{type.Name}.{name}");
            }
        }

        return used.Count == 0 ? null : new AuditFinding(
            AuditKind.Reflection,
            image.Name,
            $"Module {image.Name} uses reflection, where the gate cannot see what it reaches; read that code.",
            [.. used]);
    }

    private static bool IsReflection(string type, string member) => type switch
    {
        "System.Type" =>
            member is "GetMethod" or "GetMethods" or "GetField" or "GetFields" or "GetProperty" or "GetProperties"
            or "GetMember" or "GetMembers" or "GetConstructor" or "GetConstructors"
            or "GetNestedType" or "InvokeMember" or "GetType",
        "System.Activator" => member is "CreateInstance",
        "System.Reflection.Assembly" =>
            member is not ("GetName" or "get_Location" or "GetExecutingAssembly" or "ToString"),
        "System.Reflection.MethodBase" or "System.Reflection.MethodInfo" or "System.Reflection.FieldInfo"
            or "System.Reflection.PropertyInfo" or "System.Reflection.ConstructorInfo" => true,
        "System.Runtime.Loader.AssemblyLoadContext" or "System.Reflection.Emit.DynamicMethod"
            or "Microsoft.CSharp.RuntimeBinder.Binder" => true,
        _ => type.StartsWith("System.Linq.Expressions.", StringComparison.Ordinal),
    };
}
