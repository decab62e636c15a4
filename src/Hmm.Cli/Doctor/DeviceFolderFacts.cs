// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux;

namespace Hmm.Cli.Doctor;

/// <summary>What is known of the folder in which device memory would be created.</summary>
/// <param name="Path">The folder.</param>
/// <param name="FileSystem">
/// The file system's type, as <c>/proc/mounts</c> names it; empty where unknown.
/// </param>
/// <param name="FreeBytes">Free space for this user.</param>
/// <param name="Error">Why a file cannot be created there; null where it can.</param>
internal sealed record DeviceFolderFacts(string Path, string FileSystem, ulong FreeBytes, string? Error)
{
    internal static DeviceFolderFacts Read(string folder)
    {
        var path = System.IO.Path.GetFullPath(folder);
        if (!Directory.Exists(path))
        {
            return new DeviceFolderFacts(path, "", 0, File.Exists(path) ? "it is not a folder" : "it does not exist");
        }

        return new DeviceFolderFacts(path, FileSystemOf(path), SystemInfo.FreeSpaceBytes(path), ErrorOfCreating(path));
    }

    private static string FileSystemOf(string path)
    {
        try
        {
            return new DriveInfo(path).DriveFormat;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return "";
        }
    }

    private static string? ErrorOfCreating(string path)
    {
        var probe = System.IO.Path.Combine(path, ".hmm-doctor-" + Guid.NewGuid().ToString("N"));
        try
        {
            using var file = new FileStream(
                probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return exception.Message;
        }
    }
}
