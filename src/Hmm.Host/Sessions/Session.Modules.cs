// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Host.Sessions;

/// <summary>
/// Modules: load, unload, read. All are long, also reading: the loader's lock is held while a module's init or exit
/// runs, which may take as long as their deadline.
/// </summary>
internal sealed partial class Session
{
    private void LoadModule(in LoadModuleRequest request)
    {
        CheckReserved(request.Reserved);
        CheckValue((uint)request.Flags, (uint)LoadFlags.Force, "The flags");
        var specification = CheckText(in request.Specification, "A module");
        RequireAdministration("Loading a module");
        Accept();
        _long.Enqueue(new LongOperation(
            Operation.LoadModule,
            request.Header.Tag,
            null,
            Device: specification,
            Argument: (uint)request.Flags));
    }

    private void UnloadModule(in UnloadModuleRequest request)
    {
        var name = CheckText(in request.Name, "A module's name");
        RequireAdministration("Unloading a module");
        Accept();
        _long.Enqueue(new LongOperation(Operation.UnloadModule, request.Header.Tag, null, Device: name));
    }

    private void ReadModules(in ReadModulesRequest request)
    {
        CheckReserved(request.Reserved);
        CheckValue((uint)request.Kind, (uint)ModuleText.Taints, "The kind of text");
        var name = CheckText(in request.Name, "A module's name");
        if (name.Length > 0 && request.Kind != ModuleText.Module)
        {
            ThrowMalformed("Only the text about one module has a name; leave it empty for the others.");
        }

        RequireAdministration("Reading about modules");
        Accept();
        _long.Enqueue(new LongOperation(
            Operation.ReadModules,
            request.Header.Tag,
            null,
            Device: name,
            Argument: (uint)request.Kind,
            Cursor: request.Cursor));
    }

    /// <summary>Reads as much as fits the message.</summary>
    /// <returns>The message's length.</returns>
    private int ReadModules(in LongOperation operation, Span<byte> message)
    {
        var cursor = operation.Cursor;
        var text = message[ReadModulesReply.StructBytes..];
        var textBytes = _operations.ReadModules(
            (ModuleText)operation.Argument, operation.Device, ref cursor, text, _ended.Token);
        Corruption.Require((uint)textBytes <= (uint)text.Length, "a text about modules fits the room it was given");
        Wire.Write(message, new ReadModulesReply { NextCursor = cursor, TextBytes = (uint)textBytes });
        return ReadModulesReply.StructBytes + textBytes;
    }

    private static string CheckText(in FixedText field, string what)
    {
        if (!field.TryGetText(out var text))
        {
            ThrowMalformed(
                $"{what} is UTF-8 without control characters, of at most {Limits.SpecificationBytes - 1} bytes, "
                    + "padded with zeros.");
        }

        return text;
    }
}
