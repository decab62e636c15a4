// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Tidy.Tests.Rules;
using Hmm.Tidy.Tests.Sources;

namespace Hmm.Tidy.Tests;

public sealed class LicenceTests
{
    [Fact]
    public void EverySourceFileOpensWithItsLicence() => Hold.Nothing(Repository.Files.SelectMany(Licences.Check));

    [Fact]
    public void EveryPackageStatesItsLicence() => Hold.Nothing(
        Repository.Projects.SelectMany(project => Licences.CheckProject(project, Inherited(project))));

    [Theory]
    [InlineData("src/Hmm.Core/A.cs", "// SPDX-License-Identifier: MIT")]
    [InlineData("src/Hmm/A.cs", "// SPDX-License-Identifier: GPL-2.0-or-later")]
    [InlineData("src/Hmm.Host/A.cs", "namespace A;")]
    [InlineData("modules/Block/A.cs", "\n// SPDX-License-Identifier: GPL-2.0-or-later")]
    [InlineData("hmm", "#!/bin/sh\necho")]
    public void AWrongOrMissingLicenceIsFound(string path, string text) =>
        Hold.One(Licences.Check(new SourceFile(path, text)), "SPDX-License-Identifier");

    [Fact]
    public void APackageWithoutALicenceIsFound() =>
        Hold.One(
            Licences.CheckProject(new SourceFile("src/Hmm/Hmm.csproj", "<Project />")), "PackageLicenseExpression");

    private static string Inherited(SourceFile project) =>
        Repository.Files.FirstOrDefault(file => file.Path == project.Area + "/Directory.Build.props")?.Text ?? "";
}
