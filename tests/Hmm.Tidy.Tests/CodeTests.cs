// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Tidy.Tests.Rules;
using Hmm.Tidy.Tests.Sources;

namespace Hmm.Tidy.Tests;

public sealed class CodeTests
{
    [Fact]
    public void FilesStayShort() => Hold.Nothing(Repository.CSharp.SelectMany(Lengths.CheckFile));

    [Fact]
    public void ALongFileIsFound() => Hold.One(
        Lengths.CheckFile(new SourceFile("src/A.cs", new string('\n', Lengths.FileLinesMax + 1))), "601 lines");

    [Fact]
    public void MethodsStayShort() => Hold.Nothing(Repository.CSharp.SelectMany(Lengths.CheckMethods));

    [Theory]
    [InlineData("class A { void M() { BODY } }")]
    [InlineData("class A { int P { get { BODY return 1; } } }")]
    [InlineData("class A { A() { BODY } }")]
    [InlineData("static void Local() { BODY }")]
    public void ALongMethodIsFound(string code) => Hold.One(
        Lengths.CheckMethods(
            new SourceFile("src/A.cs", code.Replace("BODY", new string('\n', Lengths.MethodLinesMax)))),
        "a method of 71 lines");

    [Fact]
    public void LinesStayShort() => Hold.Nothing(
        Repository.Files.Where(file => !file.Path.EndsWith(".md")).SelectMany(Lengths.CheckLines));

    [Fact]
    public void ALongLineIsFound() => Hold.One(
        Lengths.CheckLines(new SourceFile("src/A.cs", "\n" + new string('x', Lengths.LineColumnsMax + 1))),
        "A.cs:2: 121 columns");

    [Fact]
    public void AFileHoldsOnePublicTypeOfItsName() => Hold.Nothing(Repository.CSharp.SelectMany(OneTypeAFile.Check));

    [Theory]
    [InlineData("public class A; public class B;", "second public type")]
    [InlineData("public enum A { } public delegate void B();", "second public type")]
    [InlineData("class B;", "no type of this file is named 'A'")]
    public void ASecondOrMisnamedTypeIsFound(string code, string words) =>
        Hold.One(OneTypeAFile.Check(new SourceFile("src/A.cs", code)), words);

    [Fact]
    public void ANestedTypeIsNotASecondOne() =>
        Hold.Nothing(OneTypeAFile.Check(new SourceFile("src/A.Part.cs", "public class A { public class B; }")));

    [Fact]
    public void NamespacesMatchFolders() => Hold.Nothing(Repository.CSharp.SelectMany(OneTypeAFile.CheckNamespace));

    [Theory]
    [InlineData("namespace Hmm.Core;", "must be Hmm.Core.Physical")]
    [InlineData("namespace Hmm.Core.Physical { class A; }", "file-scoped")]
    public void AMisplacedNamespaceIsFound(string code, string words) =>
        Hold.One(OneTypeAFile.CheckNamespace(new SourceFile("src/Hmm.Core/Physical/A.cs", code)), words);

    [Fact]
    public void UnsafeCodeStaysWhereMemoryIsTheSubject() =>
        Hold.Nothing(Repository.CSharp.SelectMany(UnsafeCode.Check));

    [Theory]
    [InlineData("src/Hmm.Cli/A.cs")]
    [InlineData("src/Hmm.Host/Engine/A.cs")]
    public void UnsafeCodeElsewhereIsFound(string path) =>
        Hold.One(UnsafeCode.Check(new SourceFile(path, "unsafe class A;")), "unsafe: use spans");

    [Fact]
    public void BannedCodeIsNotUsed() => Hold.Nothing(Repository.CSharp.SelectMany(BannedCode.Check));

    [Fact]
    public void EveryBanFindsWhatItBans()
    {
        foreach (var ban in BannedCode.Bans)
        {
            var folder = ban.Where[0].Length > 0 ? ban.Where[0] : "src/Hmm/";
            var found = BannedCode.Check(new SourceFile(folder + "A.cs", ban.Code)).ToList();
            Assert.True(found.Exists(violation => violation.Text.Contains(ban.Instead)), $"'{ban.Code}' was not found");
        }
    }

    [Fact]
    public void CommentsAndStringsMayNameBannedCode() => Hold.Nothing(BannedCode.Check(new SourceFile(
        "src/Hmm.Core/A.cs", "// Thread.Sleep\nclass A { string S = \"Console.WriteLine\"; }")));

    [Fact]
    public void AWaitInATestSaysWhy()
    {
        const string Code = "Thread.Sleep(1); // Waits: for the kernel's writeback, which tells nobody.";
        Hold.Nothing(BannedCode.Check(new SourceFile("tests/A/A.cs", Code)));
        Hold.One(BannedCode.Check(new SourceFile("src/Hmm/A.cs", Code)), "Thread.Sleep");
    }

    [Fact]
    public void CodeHasNoRegions() => Hold.Nothing(Repository.CSharp.SelectMany(BannedCode.CheckRegions));

    [Fact]
    public void ARegionIsFound() =>
        Hold.One(BannedCode.CheckRegions(new SourceFile("src/A.cs", "#region A\n#endregion")), "#region");

    [Fact]
    public void NotesAboutWorkToDoNameTheirIssue() => Hold.Nothing(
        Repository.Files.Where(file => file.ProjectName != "Hmm.Tidy.Tests").SelectMany(BannedCode.CheckTodos));

    [Theory]
    [InlineData("// TODO: later")]
    [InlineData("// FIXME")]
    public void ANoteWithoutAnIssueIsFound(string line)
    {
        Hold.One(BannedCode.CheckTodos(new SourceFile("src/A.cs", line)), "without an issue");
        Hold.Nothing(BannedCode.CheckTodos(new SourceFile("src/A.cs", "// TODO(#12): later")));
    }
}
