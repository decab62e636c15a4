// SPDX-License-Identifier: MIT
using System.Text;
using Hmm.Connection;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm;

/// <content>Modules, exports and taints, for an administrator.</content>
public sealed partial class HmmHost
{
    /// <summary>
    /// The longest text that is read about modules: 64 MiB, a hundred thousand exports with a long list of users each.
    /// It ends a text that a broken host never would.
    /// </summary>
    private const int ModuleTextBytesMax = 64 << 20;

    /// <summary>The loaded modules, in the order of loading.</summary>
    /// <exception cref="HmmException">
    /// EPERM: not root, and not the host's user. ECONNRESET: the host has gone.
    /// </exception>
    public IReadOnlyList<HmmModule> Modules() => ModuleReader.Modules(ReadModules(ModuleText.Modules, ""));

    /// <summary>One module, loaded or not. None of its code runs for it.</summary>
    /// <param name="nameOrPath">A module's name, or the absolute path of a file in a folder of the host's.</param>
    /// <exception cref="HmmException">
    /// ENOENT, EACCES, ENOEXEC: it cannot be read at all. EPERM: not root, and not the host's user.
    /// </exception>
    public HmmModule Module(string nameOrPath) =>
        ModuleReader.Modules(ReadModules(ModuleText.Module, nameOrPath)) is [var module]
            ? module
            : throw new HmmException(
                Errno.EPROTO, "The Hmm host's answer is not about one module; use a host of the same version.");

    /// <summary>Every symbol that modules may use, and which loaded ones do.</summary>
    /// <exception cref="HmmException">
    /// EPERM: not root, and not the host's user. ECONNRESET: the host has gone.
    /// </exception>
    public IReadOnlyList<HmmExport> Exports() => ModuleReader.Exports(ReadModules(ModuleText.Exports, ""));

    /// <summary>Why the host is not what its developers vouch for; empty if it is.</summary>
    /// <exception cref="HmmException">
    /// EPERM: not root, and not the host's user. ECONNRESET: the host has gone.
    /// </exception>
    public IReadOnlyList<HmmTaint> Taints() => ModuleReader.Taints(ReadModules(ModuleText.Taints, ""));

    /// <summary>Loads a module, and first those that it needs. Cancelling stops the wait, not the loading.</summary>
    /// <param name="specification">
    /// A module in one of the host's folders, or the absolute path of a file in one, and its parameters, at most 447
    /// bytes: <c>Hmm.Modules.Block,queue=64</c>.
    /// </param>
    /// <param name="force">Accepts another version of the contract; it taints the host.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    /// <exception cref="ArgumentException">It is too long, or has control characters.</exception>
    /// <exception cref="HmmException">
    /// It is refused: EACCES, ENOENT, ENOEXEC, EEXIST, EPERM, EINVAL, ETIMEDOUT, each with one sentence that says why.
    /// </exception>
    public Task LoadModuleAsync(
        string specification, bool force = false, CancellationToken cancellationToken = default)
    {
        var request = new LoadModuleRequest
        {
            Specification = FixedText.Create(specification),
            Flags = force ? LoadFlags.Force : LoadFlags.None,
        };
        return Connection.CallAsync(Operation.LoadModule, request, cancellationToken);
    }

    /// <summary>Unloads a module that nobody uses. Cancelling stops the wait, not the unloading.</summary>
    /// <param name="name">The module's name.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    /// <exception cref="HmmException">
    /// ENOENT: it is not loaded. EBUSY: somebody uses it; the sentence says who. ETIMEDOUT: its exit hangs.
    /// </exception>
    public Task UnloadModuleAsync(string name, CancellationToken cancellationToken = default)
    {
        var request = new UnloadModuleRequest { Name = FixedText.Create(name) };
        return Connection.CallAsync(Operation.UnloadModule, request, cancellationToken);
    }

    private string ReadModules(ModuleText kind, string name)
    {
        var text = new StringBuilder();
        var request = new ReadModulesRequest { Kind = kind, Name = FixedText.Create(name) };
        do
        {
            using var pending = Connection.Exchange(Operation.ReadModules, in request);
            if (!Wire.TryReadPrefix(pending.Reply, out ReadModulesReply page)
                || pending.Reply.Length - ReadModulesReply.StructBytes != page.TextBytes
                || (page.TextBytes == 0 && page.NextCursor != 0)
                || text.Length > ModuleTextBytesMax)
            {
                throw new HmmException(
                    Errno.EPROTO, "The Hmm host's text has another shape, or no end; use a host of the same version.");
            }

            text.Append(Encoding.UTF8.GetString(pending.Reply[ReadModulesReply.StructBytes..]));
            request.Cursor = page.NextCursor;
        }
        while (request.Cursor != 0);

        return text.ToString();
    }
}
