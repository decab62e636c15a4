// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Tidy.Tests.Rules;
using Hmm.Tidy.Tests.Sources;

namespace Hmm.Tidy.Tests;

public sealed class ProjectTests
{
    [Fact]
    public void ArrowsPointOneWay() => Hold.Nothing(Repository.Projects.SelectMany(ProjectArrows.Check));

    [Fact]
    public void AnArrowFromTheCoreToLinuxIsFound() => Hold.One(
        ProjectArrows.Check(
            Project("src/Hmm.Core", """<ProjectReference Include="../Hmm.Linux/Hmm.Linux.csproj" />""")),
        "Hmm.Core may not see Hmm.Linux");

    [Fact]
    public void AnUnknownProjectIsFound() =>
        Hold.One(ProjectArrows.Check(Project("src/Hmm.Extra", "")), "no arrows are drawn");

    [Fact]
    public void AReferenceForTheOrderOfBuildingIsNoArrow() => Hold.Nothing(ProjectArrows.Check(Project(
        "src/Hmm", """<ProjectReference Include="../Hmm.Host/Hmm.Host.csproj" ReferenceOutputAssembly="false" />""")));

    [Fact]
    public void EverySourceFileIsCompiled() =>
        Hold.Nothing(DeadFiles.Check([.. Repository.CSharp, .. Repository.Projects]));

    [Fact]
    public void ASourceFileOutsideOfProjectsIsFound() =>
        Hold.One(DeadFiles.Check([new SourceFile("src/Stray.cs", "")]), "no project compiles");

    [Fact]
    public void AFileThatItsProjectLeavesOutIsFound() =>
        Hold.One(DeadFiles.Check([Project("src/Hmm.Core", """<Compile Remove="Old.cs" />""")]), "every file");

    [Fact]
    public void TheSolutionHoldsEveryProject() =>
        Hold.Nothing(DeadFiles.CheckSolution(Repository.File("Hmm.slnx"), Repository.Projects));

    [Fact]
    public void AProjectOutsideOfTheSolutionIsFound() => Hold.One(
        DeadFiles.CheckSolution(new SourceFile("Hmm.slnx", "<Solution />"), [Project("src/Hmm.Core", "")]),
        "nothing builds it");

    [Fact]
    public void ASolutionEntryWithoutAProjectIsFound() => Hold.One(
        DeadFiles.CheckSolution(
            new SourceFile("Hmm.slnx", """<Solution><Project Path="src/Gone.csproj" /></Solution>"""), []),
        "does not exist");

    private static SourceFile Project(string folder, string body) => new(
        $"{folder}/{Path.GetFileName(folder)}.csproj", $"<Project><PropertyGroup>{body}</PropertyGroup></Project>");
}
