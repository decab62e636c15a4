// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Host.Tests.Sessions;

/// <summary>The exchange that docs/reference/uapi.md shows byte by byte is what happens.</summary>
public sealed class UapiExampleTests : SessionFixture
{
    [Fact]
    public void AnswersTheExampleAsThePageSays()
    {
        var blocks = HexBlocks(ReadPage());
        Open();

        Assert.Equal(2, blocks.Count);
        Assert.Equal(blocks[1], Client.CallBytes(blocks[0]).Bytes);
    }

    private static List<byte[]> HexBlocks(string page)
    {
        List<byte[]> blocks = [];
        foreach (var block in page.Split("```hex\n")[1..])
        {
            var bytes = new List<byte>();
            foreach (var line in block[..block.IndexOf("```", StringComparison.Ordinal)].Split('\n'))
            {
                // Three spaces separate the bytes from what they mean.
                foreach (var part in line.Split("   ")[0].Split(' ', StringSplitOptions.RemoveEmptyEntries))
                {
                    bytes.Add(Convert.ToByte(part, 16));
                }
            }

            blocks.Add([.. bytes]);
        }

        return blocks;
    }

    private static string ReadPage()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var page = Path.Combine(folder.FullName, "docs/reference/uapi.md");
            if (File.Exists(page))
            {
                return File.ReadAllText(page);
            }
        }

        throw new FileNotFoundException($"No folder above {AppContext.BaseDirectory} has docs/reference/uapi.md.");
    }
}
