// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
using Hmm.Uapi;

namespace Hmm.Core.Modules.Metadata;

/// <summary>
/// Reads a module's file without running any of its code. Whatever the file holds, the answer is an image or an
/// <see cref="HmmException"/> with <see cref="Errno.ENOEXEC"/>, after a bounded amount of work.
/// </summary>
internal static class ModuleImageReader
{
    /// <summary>The largest file: 64 MiB, ten times the largest assembly of the .NET libraries.</summary>
    public const int LengthMaxBytes = 64 << 20;

    private static readonly string s_core = typeof(IModule).Assembly.GetName().Name!; // Guarded by: immutable

    /// <summary>Reads a module, with what it says of itself.</summary>
    /// <exception cref="HmmException"><see cref="Errno.ENOEXEC"/>: not a module; the message says why.</exception>
    public static ModuleImage Read(string path, byte[] bytes) => Read(path, bytes, isModule: true);

    /// <summary>Reads an assembly that lies beside a module and is loaded with it.</summary>
    /// <exception cref="HmmException"><see cref="Errno.ENOEXEC"/>: not an assembly; the message says why.</exception>
    public static ModuleImage ReadPrivate(string path, byte[] bytes) => Read(path, bytes, isModule: false);

    /// <summary>Whether an assembly that was read as a private one calls itself a module.</summary>
    public static bool SaysItIsAModule(ModuleImage image) => Guard(
        image.Path,
        () =>
            AttributeReader.ReadAll(
                image.Metadata, image.Metadata.Metadata.GetAssemblyDefinition().GetCustomAttributes())
            .Any(a => a.Type == new TypeKey(s_core, typeof(ModuleAttribute).FullName!)));

    /// <summary>
    /// Runs <paramref name="read"/>, which looks into the metadata of the file at <paramref name="path"/>, and turns
    /// what malformed metadata throws into <see cref="Errno.ENOEXEC"/>.
    /// </summary>
    public static T Guard<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (IsMalformed(e))
        {
            throw NotAModule(path, "its metadata is malformed: " + e.Message, e);
        }
    }

    /// <summary>
    /// What System.Reflection.Metadata throws on malformed input. <see cref="BadImageFormatException"/> is its own;
    /// the others come from handles and offsets that point nowhere, and are kept by the fuzz test.
    /// </summary>
    private static bool IsMalformed(Exception e) =>
        e is BadImageFormatException or ArgumentException or OverflowException or IndexOutOfRangeException;

    private static ModuleImage Read(string path, byte[] bytes, bool isModule)
    {
        if (bytes.Length > LengthMaxBytes)
        {
            throw NotAModule(path, $"it has {bytes.Length >> 20} MiB, and {LengthMaxBytes >> 20} MiB is the most");
        }

        return Guard(path, () =>
        {
            var metadata = MetadataImage.FromBytes(bytes);
            try
            {
                CheckCode(path, metadata);
                return new ModuleImage(path, bytes, metadata, isModule ? ReadManifest(path, metadata) : null);
            }
            catch
            {
                metadata.Dispose();
                throw;
            }
        });
    }

    /// <summary>
    /// Portable IL runs anywhere; anything else must be for this processor, and hides code from the
    /// gate.
    /// </summary>
    private static void CheckCode(string path, MetadataImage image)
    {
        var headers = image.Headers!;
        var corHeader = headers.CorHeader!;
        if ((corHeader.Flags & CorFlags.ILOnly) == 0 || corHeader.ManagedNativeHeaderDirectory.Size != 0)
        {
            throw NotAModule(
                path, "it holds native code, which cannot be checked; build it as IL only (no ReadyToRun, no C++/CLI)");
        }

        var machine = headers.CoffHeader.Machine;
        var expected = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? Machine.Arm64 : Machine.Amd64;
        var portable = machine == Machine.I386 && (corHeader.Flags & CorFlags.Requires32Bit) == 0;
        if (!portable && machine != expected)
        {
            throw NotAModule(path, $"it is built for {machine}, and this host runs on {expected}; build it for AnyCPU");
        }
    }

    private static ModuleManifest ReadManifest(string path, MetadataImage image)
    {
        var own = image.Metadata.GetAssemblyDefinition().GetCustomAttributes();
        var attributes = AttributeReader.ReadAll(image, own).Where(a => a.Type.Assembly == s_core).ToList();
        var modules = attributes.Where(a => a.Type.Name == typeof(ModuleAttribute).FullName).ToList();
        if (modules.Count != 1)
        {
            throw NotAModule(path, modules.Count == 0
                ? "it has no [assembly: Module(license, author, description)]"
                : $"it has {modules.Count} [assembly: Module] attributes, and exactly one must stand");
        }

        var module = modules[0];
        if (module.TextAt(0) is not { } license
            || module.Arguments.Count != 4
            || module.Arguments[3] is not int contract)
        {
            throw NotAModule(path, "its [assembly: Module] attribute cannot be read");
        }

        return new ModuleManifest(
            license,
            module.TextAt(1) ?? "",
            module.TextAt(2) ?? "",
            module.NamedText(nameof(ModuleAttribute.Version)),
            contract,
            FindEntry(path, image),
            [
                .. attributes.Where(
                    a => a.Type.Name == typeof(ModuleParameterAttribute).FullName).Select(a => Parameter(path, a))],
            Names(attributes, typeof(ModuleDependsAttribute)),
            Names(attributes, typeof(ImportNamespaceAttribute)).ToHashSet(StringComparer.Ordinal));
    }

    private static IReadOnlyList<string> Names(List<AttributeData> attributes, Type type) =>
        [.. attributes.Where(a => a.Type.Name == type.FullName).Select(a => a.TextAt(0)).OfType<string>()];

    private static ParameterInfo Parameter(string path, AttributeData attribute) =>
        attribute.TextAt(0) is { } name
            && attribute.Arguments is [_, int type]
            && Enum.IsDefined((ModuleParameterType)type)
            ? new ParameterInfo(
                name,
                (ModuleParameterType)type,
                attribute.NamedText(nameof(ModuleParameterAttribute.Default)),
                attribute.NamedText(nameof(ModuleParameterAttribute.Description)) ?? "")
            : throw NotAModule(path, "one of its [assembly: ModuleParameter] attributes cannot be read");

    private static int FindEntry(string path, MetadataImage image)
    {
        var entries = new List<TypeDefinitionHandle>();
        foreach (var handle in image.Metadata.TypeDefinitions)
        {
            var type = image.Metadata.GetTypeDefinition(handle);
            if ((type.Attributes & (TypeAttributes.Abstract | TypeAttributes.Interface)) == 0 && IsEntry(image, type))
            {
                entries.Add(handle);
            }
        }

        return entries.Count switch
        {
            1 => MetadataTokens.GetToken(entries[0]),
            0 => throw NotAModule(path, $"none of its classes implements {nameof(IModule)}"),
            _ => throw NotAModule(
                path,
                $"{entries.Count} of its classes implement {nameof(IModule)} "
                    + $"({string.Join(", ", entries.Select(image.NameOf))}), and exactly one must"),
        };
    }

    private static bool IsEntry(MetadataImage image, TypeDefinition type)
    {
        foreach (var handle in type.GetInterfaceImplementations())
        {
            image.Budget.Spend(1);
            var key = image.KeyOf(image.Metadata.GetInterfaceImplementation(handle).Interface);
            if (key is { } found && found.Assembly == s_core && found.Name == typeof(IModule).FullName)
            {
                return true;
            }
        }

        return false;
    }

    private static HmmException NotAModule(string path, string why, Exception? inner = null) =>
        new(Errno.ENOEXEC, $"'{path}' is not a module that can be loaded: {why}.", inner);
}
