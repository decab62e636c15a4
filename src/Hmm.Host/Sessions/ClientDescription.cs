// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Host.Sessions;

/// <summary>Who is at the other end of a session.</summary>
/// <param name="Name">
/// What the application calls itself; may be empty, and is only for reports.
/// </param>
/// <param name="Peer">The kernel's word on who it is.</param>
/// <param name="Granted">The features that the session granted.</param>
internal readonly record struct ClientDescription(string Name, PeerCredentials Peer, Features Granted);
