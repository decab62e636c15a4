// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection;
using Hmm.Tidy.Tests.Rules;
using Hmm.Tidy.Tests.Sources;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Hmm.Tidy.Tests;

public sealed class SurfaceTests
{
    [Theory]
    [InlineData("Hmm")]
    [InlineData("Hmm.Uapi")]
    [InlineData("Hmm.Core")]
    public void ThePublicSurfaceIsAsReviewed(string name)
    {
        var surface = PublicSurface.Of(Assembly.Load(name));
        var path = Path.Combine(Repository.Root, "tests", "Hmm.Tidy.Tests", "Api", name + ".txt");
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1")
        {
            File.WriteAllText(path, surface);
            return;
        }

        var reviewed = File.Exists(path) ? File.ReadAllText(path) : "";
        Hold.Nothing(Differences(path, reviewed, surface));
    }

    [Fact]
    public void AChangeOfTheSurfaceIsFound()
    {
        var surface = SurfaceOf("public class A { public void M(int x) { } int Hidden; }");
        Assert.Equal("A: A()\nA: void M(int x)\nclass A\n", surface);
        var changed = SurfaceOf("public class A { public void M(long x) { } }");
        Assert.Equal(2, Differences("a.txt", surface, changed).Count());
    }

    private static IEnumerable<Violation> Differences(string path, string reviewed, string surface)
    {
        const string Update = "; if that is meant, run the tests with UPDATE_SNAPSHOTS=1 and commit the file";
        var before = reviewed.Split('\n');
        var after = surface.Split('\n');
        return after.Except(before).Select(line => new Violation(path, 0, $"new: {line}{Update}"))
            .Concat(before.Except(after).Select(line => new Violation(path, 0, $"gone: {line}{Update}")));
    }

    private static string SurfaceOf(string code) => PublicSurface.Of(CSharpCompilation.Create(
        "sample",
        [CSharpSyntaxTree.ParseText(code)],
        [MetadataReference.CreateFromFile(typeof(object).Assembly.Location)]).Assembly);
}
