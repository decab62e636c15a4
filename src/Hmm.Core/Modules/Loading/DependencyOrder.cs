// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Core.Modules.Loading;

/// <summary>Puts modules in an order in which each comes after those that it needs.</summary>
internal static class DependencyOrder
{
    /// <summary>Orders a module and all that it needs, directly or not.</summary>
    /// <param name="root">The module to load.</param>
    /// <param name="needsOf">What a module needs; called once for each.</param>
    /// <returns>Every module once, <paramref name="root"/> last.</returns>
    /// <exception cref="HmmException">
    /// <see cref="Errno.EINVAL"/>: they need each other in a circle, which is named.
    /// </exception>
    public static IReadOnlyList<string> Sort(string root, Func<string, IReadOnlyList<string>> needsOf)
    {
        var order = new List<string>();
        var done = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var path = new List<(string Name, Queue<string> Open)> { (root, new Queue<string>(needsOf(root))) };
        while (path.Count > 0)
        {
            var (name, open) = path[^1];
            if (!open.TryDequeue(out var next))
            {
                path.RemoveAt(path.Count - 1);
                done.Add(name);
                order.Add(name);
                continue;
            }

            var loop = path.FindIndex(p => string.Equals(p.Name, next, StringComparison.OrdinalIgnoreCase));
            if (loop >= 0)
            {
                var circle = string.Join(" -> ", path.Skip(loop).Select(p => p.Name).Append(next));
                throw new HmmException(
                    Errno.EINVAL, $"Module {root} cannot be loaded: modules need each other in a circle ({circle}).");
            }

            if (!done.Contains(next))
            {
                path.Add((next, new Queue<string>(needsOf(next))));
            }
        }

        return order;
    }
}
