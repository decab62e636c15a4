// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Host.Sessions;

/// <summary>
/// A client broke the protocol: it is told why, and its session ends. It never leaves
/// <see cref="Session"/>. An operation that merely fails is a <see cref="HmmException"/>.
/// </summary>
internal sealed class ProtocolException(Errno errno, string sentence) : Exception(sentence)
{
    /// <summary>EBADMSG, EPROTO or EPROTONOSUPPORT.</summary>
    public Errno Errno { get; } = errno;
}
