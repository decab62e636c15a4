// SPDX-License-Identifier: MIT
namespace Hmm.Connection;

/// <summary>
/// Reads the host's lines about modules; <c>docs/reference/uapi.md</c> describes them. A line that this version does
/// not know is skipped, so a newer host can say more.
/// </summary>
internal static class ModuleReader
{
    public static IReadOnlyList<HmmModule> Modules(string text)
    {
        var modules = new List<HmmModule>();
        var block = new List<string[]>();
        foreach (var fields in Lines(text))
        {
            if (fields[0] == "module" && block.Count > 0)
            {
                modules.Add(ModuleOf(block));
                block.Clear();
            }

            // What stands before the first module belongs to none.
            if (fields[0] == "module" || block.Count > 0)
            {
                block.Add(fields);
            }
        }

        return block.Count == 0 ? modules : [.. modules, ModuleOf(block)];
    }

    public static IReadOnlyList<HmmExport> Exports(string text) =>
    [
        .. Lines(text).Where(static fields => fields.Length >= 6).Select(static fields => new HmmExport(
            fields[0],
            fields[1],
            fields[2],
            fields[3] == "EXPORT_SYMBOL_GPL",
            fields[4],
            fields[5].Split(',', StringSplitOptions.RemoveEmptyEntries))),
    ];

    public static IReadOnlyList<HmmTaint> Taints(string text) =>
    [
        .. Lines(text).Where(static fields => fields.Length >= 3).Select(
            static fields => new HmmTaint(fields[0], fields[1], fields[2])),
    ];

    private static IEnumerable<string[]> Lines(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split('\t'));

    private static HmmModule ModuleOf(List<string[]> block) => new()
    {
        Name = First(block, "module") ?? "",
        Path = First(block, "path") ?? "",
        Hash = First(block, "hash") ?? "",
        License = First(block, "license") ?? "",
        Author = First(block, "author") ?? "",
        Description = First(block, "description") ?? "",
        Version = First(block, "version") ?? "",
        Contract = First(block, "contract") ?? "",
        State = First(block, "state") ?? "",
        Taint = First(block, "taint") ?? "",
        Users = All(block, "user"),
        Dependencies = All(block, "dependency"),
        Parameters =
        [
            .. block.Where(static fields => fields is ["parameter", _, _, _, _, ..])
                .Select(static fields => new HmmModuleParameter(fields[1], fields[2], fields[3], fields[4])),
        ],
        Exports = All(block, "export"),
        Uses = All(block, "use"),
        Missing = All(block, "missing"),
        Refusal = First(block, "refusal"),
    };

    private static string? First(List<string[]> block, string key) => All(block, key) is [var value, ..] ? value : null;

    private static List<string> All(List<string[]> block, string key) =>
        [.. block.Where(fields => fields.Length > 1 && fields[0] == key).Select(static fields => fields[1])];
}
