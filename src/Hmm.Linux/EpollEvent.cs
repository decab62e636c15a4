// SPDX-License-Identifier: MIT
namespace Hmm.Linux;

/// <summary>One ready descriptor of an <see cref="Epoll"/>.</summary>
/// <param name="Events">
/// EPOLLIN (0x1), and EPOLLERR (0x8), EPOLLHUP (0x10) where they apply.
/// </param>
/// <param name="Tag">The tag given to <see cref="Epoll.Add"/>.</param>
public readonly record struct EpollEvent(uint Events, ulong Tag);
