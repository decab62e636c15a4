// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection;
using System.Reflection.Metadata;

namespace Hmm.Core.Modules.Metadata;

/// <summary>
/// Who calls whom, from the instructions of a set of assemblies. An edge stands for every member that the code names:
/// calls, constructions, delegates made from methods, fields touched. Beyond the code: a virtual call may reach every
/// override in the set, touching a type may run its static constructor, and starting an iterator or an async method
/// may run its <c>MoveNext</c>.
/// </summary>
/// <remarks>
/// What it cannot see: reflection, delegates that were made elsewhere, code outside the set. Thread-safety: none.
/// </remarks>
internal sealed class CallGraph
{
    private readonly MetadataUniverse _universe; // Guarded by: owner thread
    private readonly HashSet<MetadataImage> _set; // Guarded by: immutable
    private readonly Dictionary<MemberDef, IReadOnlyList<MemberDef>> _edges = []; // Guarded by: owner thread
    private Dictionary<MemberDef, List<MemberDef>>? _overrides; // Guarded by: owner thread

    /// <param name="universe">Where references resolve.</param>
    /// <param name="set">The assemblies whose code is walked; members of others end a path.</param>
    public CallGraph(MetadataUniverse universe, IEnumerable<MetadataImage> set)
    {
        _universe = universe;
        _set = [.. set];
    }

    /// <summary>
    /// Finds every goal that can be reached from a member, each with a shortest path. The search does not go on behind
    /// a goal.
    /// </summary>
    /// <param name="start">Where to start; never a goal itself.</param>
    /// <param name="isGoal">Whether a member is looked for.</param>
    /// <param name="isBarrier">Whether a member that is no goal ends the search in its direction.</param>
    /// <returns>Paths from <paramref name="start"/> to each goal, shortest first.</returns>
    public IReadOnlyList<IReadOnlyList<MemberDef>> ShortestPaths(
        MemberDef start, Func<MemberDef, bool> isGoal, Func<MemberDef, bool> isBarrier)
    {
        var cameFrom = new Dictionary<MemberDef, MemberDef> { [start] = start };
        var open = new Queue<MemberDef>([start]);
        var paths = new List<IReadOnlyList<MemberDef>>();
        while (open.TryDequeue(out var member))
        {
            foreach (var next in EdgesOf(member))
            {
                if (!cameFrom.TryAdd(next, member))
                {
                    continue;
                }

                if (isGoal(next))
                {
                    paths.Add(PathTo(next, start, cameFrom));
                }
                else if (!isBarrier(next))
                {
                    open.Enqueue(next);
                }
            }
        }

        return paths;
    }

    /// <summary>Every member that the code of one member may run or touch.</summary>
    public IReadOnlyList<MemberDef> EdgesOf(MemberDef member)
    {
        if (!_edges.TryGetValue(member, out var edges))
        {
            edges = _set.Contains(member.Image) && member.IsMethod ? ReadEdges(member) : [];
            _edges.Add(member, edges);
        }

        return edges;
    }

    /// <summary>The members that a method's own code names, in order, without what follows from them.</summary>
    public IEnumerable<MemberDef> Named(MemberDef method)
    {
        foreach (var token in MethodCode.Tokens(method.Image.InstructionsOf(method.Method)))
        {
            if (!token.IsNil && TryResolve(method.Image, token, out var target))
            {
                yield return target;
            }
        }
    }

    private static List<MemberDef> PathTo(MemberDef goal, MemberDef start, Dictionary<MemberDef, MemberDef> cameFrom)
    {
        var path = new List<MemberDef> { goal };
        for (var at = goal; at != start;)
        {
            at = cameFrom[at];
            path.Add(at);
        }

        path.Reverse();
        return path;
    }

    private List<MemberDef> ReadEdges(MemberDef method)
    {
        var edges = new List<MemberDef>();
        var seen = new HashSet<MemberDef>();
        void Add(MemberDef target)
        {
            if (seen.Add(target))
            {
                edges.Add(target);
            }
        }

        foreach (var target in Named(method))
        {
            Add(target);
            if (target.IsMethod && (target.Method.Attributes & MethodAttributes.Virtual) != 0)
            {
                OverridesOf(target).ForEach(Add);
            }

            AddImplied(target, Add);
        }

        if (method.IsMethod && (method.Method.Attributes & MethodAttributes.Virtual) != 0)
        {
            OverridesOf(method).ForEach(Add);
        }

        return edges;
    }

    /// <summary>
    /// What touching a member runs besides: its type's static constructor, and a state machine's
    /// MoveNext.
    /// </summary>
    private void AddImplied(MemberDef target, Action<MemberDef> add)
    {
        var type = target.DeclaringType;
        if (!_set.Contains(type.Image))
        {
            return;
        }

        var isStateMachine = type.Name.Contains(">d__", StringComparison.Ordinal);
        foreach (var handle in type.Row.GetMethods())
        {
            type.Image.Budget.Spend(1);
            var name = type.Image.Metadata.GetMethodDefinition(handle).Name;
            if (type.Image.Metadata.StringComparer.Equals(name, ".cctor")
                || (isStateMachine && type.Image.Metadata.StringComparer.Equals(name, "MoveNext")))
            {
                add(new MemberDef(type.Image, handle));
            }
        }
    }

    private bool TryResolve(MetadataImage image, EntityHandle token, out MemberDef member)
    {
        member = default;
        if (token.Kind == HandleKind.MethodSpecification)
        {
            token = image.Metadata.GetMethodSpecification((MethodSpecificationHandle)token).Method;
        }

        switch (token.Kind)
        {
            case HandleKind.MethodDefinition:
            case HandleKind.FieldDefinition:
                member = new MemberDef(image, token);
                return true;
            case HandleKind.MemberReference:
                var reference = image.Metadata.GetMemberReference((MemberReferenceHandle)token);
                if (reference.Parent.Kind == HandleKind.MethodDefinition)
                {
                    member = new MemberDef(image, reference.Parent);
                    return true;
                }

                return reference.Parent.Kind != HandleKind.ModuleReference
                    && image.KeyOf(reference.Parent) is { } key
                    && _universe.TryFindMember(
                        key,
                        image.Text(reference.Name),
                        SignatureText.Read(image, reference.Signature).Full,
                        reference.GetKind() == MemberReferenceKind.Method,
                        out member,
                        out _);
            default:
                return false;
        }
    }

    private List<MemberDef> OverridesOf(MemberDef method)
    {
        _overrides ??= ReadOverrides();
        return _overrides.TryGetValue(method, out var found) ? found : [];
    }

    /// <summary>Maps each virtual or interface method to what overrides or implements it in the set.</summary>
    private Dictionary<MemberDef, List<MemberDef>> ReadOverrides()
    {
        var map = new Dictionary<MemberDef, List<MemberDef>>();
        foreach (var image in _set)
        {
            foreach (var handle in image.Metadata.TypeDefinitions)
            {
                var type = new TypeDef(image, handle);
                var parents = _universe.BasesOf(type).Concat(_universe.InterfacesOf(type)).ToList();
                parents.ForEach(parent => MapOverrides(type, parent, map));
                MapExplicit(type, map);
            }
        }

        return map;
    }

    private static void MapOverrides(TypeDef type, TypeDef parent, Dictionary<MemberDef, List<MemberDef>> map)
    {
        foreach (var handle in type.Row.GetMethods())
        {
            var method = type.Image.Metadata.GetMethodDefinition(handle);
            if ((method.Attributes & MethodAttributes.Virtual) == 0)
            {
                continue;
            }

            var name = type.Image.Text(method.Name);
            foreach (var candidate in parent.Row.GetMethods())
            {
                type.Image.Budget.Spend(1);
                var target = parent.Image.Metadata.GetMethodDefinition(candidate);
                if ((target.Attributes & MethodAttributes.Virtual) != 0
                    && parent.Image.Metadata.StringComparer.Equals(target.Name, name))
                {
                    Map(map, new MemberDef(parent.Image, candidate), new MemberDef(type.Image, handle));
                }
            }
        }
    }

    /// <summary>Explicit implementations, which have names of their own.</summary>
    private void MapExplicit(TypeDef type, Dictionary<MemberDef, List<MemberDef>> map)
    {
        foreach (var handle in type.Row.GetMethodImplementations())
        {
            var implementation = type.Image.Metadata.GetMethodImplementation(handle);
            if (implementation.MethodBody.Kind == HandleKind.MethodDefinition
                && TryResolve(type.Image, implementation.MethodDeclaration, out var declaration))
            {
                Map(map, declaration, new MemberDef(type.Image, implementation.MethodBody));
            }
        }
    }

    private static void Map(Dictionary<MemberDef, List<MemberDef>> map, MemberDef declaration, MemberDef body)
    {
        if (!map.TryGetValue(declaration, out var bodies))
        {
            map.Add(declaration, bodies = []);
        }

        bodies.Add(body);
    }
}
