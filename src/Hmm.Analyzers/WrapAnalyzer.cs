// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace Hmm.Analyzers;

/// <summary>
/// A plain export must be a leaf (HMM0003, HMM0004): the audit's rule, on the compiler's own call graph. In the core
/// both are checked; in a module, that what it exports plainly does not hand a GPL-only export of the core on.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class WrapAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
        ImmutableArray.Create(Rules.WrapsGplOnly, Rules.WrapsUnexported);

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.Analyze);
        context.EnableConcurrentExecution();
        context.RegisterCompilationStartAction(start =>
        {
            if (ExportFacts.Of(start.Compilation) is { } facts && (facts.IsCore || facts.IsModule))
            {
                var walk = new Walk(facts, start.Compilation.Assembly);
                start.RegisterOperationAction(
                    walk.AddOperation,
                    OperationKind.Invocation,
                    OperationKind.ObjectCreation,
                    OperationKind.PropertyReference,
                    OperationKind.FieldReference,
                    OperationKind.EventReference,
                    OperationKind.MethodReference);
                start.RegisterSymbolAction(walk.AddMethod, SymbolKind.Method);
                start.RegisterCompilationEndAction(walk.Report);
            }
        });
    }

    /// <summary>The call graph of one compilation.</summary>
    private sealed class Walk(ExportFacts facts, IAssemblySymbol assembly)
    {
        private readonly ConcurrentDictionary<ISymbol, ConcurrentBag<ISymbol>> _edges = new(
            SymbolEqualityComparer.Default);
        private readonly ConcurrentBag<IMethodSymbol> _plain = [];
        private readonly Dictionary<ISymbol, ISymbol[]> _sorted = new(SymbolEqualityComparer.Default);

        public void AddOperation(OperationAnalysisContext context)
        {
            // What a field is initialised with runs with the constructors, so it hangs on the type. What stands in the
            // attributes of an assembly belongs to no type, and never runs.
            var from = context.ContainingSymbol is IMethodSymbol
                ? context.ContainingSymbol
                : context.ContainingSymbol.ContainingType;
            if (from is null)
            {
                return;
            }

            foreach (var target in TargetsOf(context.Operation))
            {
                Add(from, target);
                if (target.ContainingType is not null
                    && (target is IMethodSymbol { MethodKind: MethodKind.Constructor } || target.IsStatic))
                {
                    Add(target, target.ContainingType);
                }
            }
        }

        public void AddMethod(SymbolAnalysisContext context)
        {
            var method = (IMethodSymbol)context.Symbol;
            if (method.OverriddenMethod is { } overridden)
            {
                Add(overridden, method);
            }

            foreach (var contract in method.ContainingType.AllInterfaces)
            {
                foreach (var member in contract.GetMembers().OfType<IMethodSymbol>())
                {
                    if (SymbolEqualityComparer.Default.Equals(
                        method.ContainingType.FindImplementationForInterfaceMember(member), method))
                    {
                        Add(member, method);
                    }
                }
            }

            if (method.MethodKind == MethodKind.StaticConstructor)
            {
                Add(method.ContainingType, method);
            }

            if (ExportFacts.IsVisible(method) && facts.IsPlain(method))
            {
                _plain.Add(method);
                if (method.MethodKind == MethodKind.Constructor)
                {
                    Add(method, method.ContainingType);
                }
            }
        }

        public void Report(CompilationAnalysisContext context)
        {
            foreach (var method in _plain)
            {
                ReportPaths(context, method, Rules.WrapsGplOnly, IsGplOnly, _ => false);
                if (facts.IsCore && ExportFacts.Named(facts.ClassOf(method)!, "Justification") is null)
                {
                    var part = PartOf(method);
                    ReportPaths(context, method, Rules.WrapsUnexported, s => IsUnexportedElsewhere(s, part), IsExport);
                }

                foreach (var type in SignatureOf(method).Where(t => facts.IsGplOnly(t)))
                {
                    context.ReportDiagnostic(Diagnostic.Create(
                        Rules.WrapsGplOnly,
                        method.Locations[0],
                        method.ToDisplayString(),
                        type.ToDisplayString(),
                        "in its signature"));
                }
            }
        }

        private static IEnumerable<ISymbol> TargetsOf(IOperation operation) => operation switch
        {
            IInvocationOperation o => [o.TargetMethod],
            IObjectCreationOperation { Constructor: { } constructor } => [constructor],
            IMethodReferenceOperation o => [o.Method],
            IFieldReferenceOperation { Field.IsConst: false } o => [o.Field],
            IPropertyReferenceOperation o => AccessorsOf(o),
            IEventReferenceOperation o => new ISymbol?[] { o.Event.AddMethod, o.Event.RemoveMethod }.OfType<ISymbol>(),
            _ => [],
        };

        /// <summary>A plain assignment writes, a compound one reads and writes, everything else reads.</summary>
        private static IEnumerable<ISymbol> AccessorsOf(IPropertyReferenceOperation reference)
        {
            var isTarget = reference.Parent is IAssignmentOperation assignment && assignment.Target == reference;
            var accessors = new[]
            {
                isTarget && reference.Parent is ISimpleAssignmentOperation ? null : reference.Property.GetMethod,
                isTarget ? reference.Property.SetMethod : null,
            };
            return accessors.OfType<ISymbol>();
        }

        private void Add(ISymbol from, ISymbol to) =>
            _edges.GetOrAdd(from.OriginalDefinition, _ => []).Add(to.OriginalDefinition);

        private void ReportPaths(
            CompilationAnalysisContext context,
            IMethodSymbol start,
            DiagnosticDescriptor rule,
            Func<ISymbol, bool> isGoal,
            Func<ISymbol, bool> isBarrier)
        {
            var cameFrom = new Dictionary<ISymbol, ISymbol?>(SymbolEqualityComparer.Default) { [start] = null };
            var open = new Queue<ISymbol>();
            open.Enqueue(start);
            while (open.Count > 0)
            {
                var at = open.Dequeue();
                foreach (var next in EdgesOf(at))
                {
                    if (cameFrom.ContainsKey(next))
                    {
                        continue;
                    }

                    cameFrom.Add(next, at);
                    if (isGoal(next))
                    {
                        context.ReportDiagnostic(Diagnostic.Create(
                            rule,
                            start.Locations[0],
                            start.ToDisplayString(),
                            next.ToDisplayString(),
                            PathTo(next, cameFrom)));
                    }
                    else if (!isBarrier(next))
                    {
                        open.Enqueue(next);
                    }
                }
            }
        }

        /// <summary>
        /// In a fixed order: a bag has none, and the report must not depend on how the compiler's
        /// threads ran.
        /// </summary>
        private ISymbol[] EdgesOf(ISymbol symbol)
        {
            if (!_sorted.TryGetValue(symbol, out var edges))
            {
                var targets = new HashSet<ISymbol>(SymbolEqualityComparer.Default);
                if (_edges.TryGetValue(symbol, out var found))
                {
                    targets.UnionWith(found);
                }

                edges = [.. targets.OrderBy(t => t.ToDisplayString(), StringComparer.Ordinal)];
                _sorted.Add(symbol, edges);
            }

            return edges;
        }

        private static string PathTo(ISymbol goal, Dictionary<ISymbol, ISymbol?> cameFrom)
        {
            var path = new List<string>();
            for (ISymbol? at = goal; at is not null; at = cameFrom[at])
            {
                path.Add(at.ToDisplayString(SymbolDisplayFormat.CSharpShortErrorMessageFormat));
            }

            path.Reverse();
            return string.Join(" -> ", path);
        }

        private bool IsExport(ISymbol symbol) =>
            symbol is not INamedTypeSymbol && ExportFacts.IsVisible(symbol) && facts.ClassOf(symbol) is not null;

        /// <summary>The GPL-only exports that count: in the core its own, in a module those of others.</summary>
        private bool IsGplOnly(ISymbol symbol) =>
            symbol is not INamedTypeSymbol
            && (facts.IsCore || facts.IsGated(symbol.ContainingAssembly))
            && ExportFacts.IsVisible(symbol)
            && facts.IsGplOnly(symbol);

        private bool IsUnexportedElsewhere(ISymbol symbol, string part)
        {
            var other = PartOf(symbol);
            return symbol is IMethodSymbol
                && SymbolEqualityComparer.Default.Equals(symbol.ContainingAssembly, assembly)
                && !ExportFacts.IsVisible(symbol)
                && other.Length > 0
                && other != part;
        }

        /// <summary>The first namespace below the root: see the audit's rule.</summary>
        private string PartOf(ISymbol symbol)
        {
            var space = symbol.ContainingNamespace?.ToDisplayString() ?? "";
            var root = assembly.Name + ".";
            return space.StartsWith(root, StringComparison.Ordinal) ? space.Substring(root.Length).Split('.')[0] : "";
        }

        private static HashSet<ITypeSymbol> SignatureOf(IMethodSymbol method)
        {
            var found = new HashSet<ITypeSymbol>(SymbolEqualityComparer.Default);
            var open = new Stack<ITypeSymbol>(method.Parameters.Select(p => p.Type));
            open.Push(method.ReturnType);
            while (open.Count > 0)
            {
                var type = open.Pop();
                switch (type)
                {
                    case IArrayTypeSymbol array:
                        open.Push(array.ElementType);
                        break;
                    case IPointerTypeSymbol pointer:
                        open.Push(pointer.PointedAtType);
                        break;
                    case INamedTypeSymbol named when found.Add(named.OriginalDefinition):
                        foreach (var argument in named.TypeArguments)
                        {
                            open.Push(argument);
                        }

                        break;
                }
            }

            return found;
        }
    }
}
