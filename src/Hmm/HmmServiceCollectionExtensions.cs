// SPDX-License-Identifier: MIT
using Microsoft.Extensions.DependencyInjection;

namespace Hmm;

/// <summary>Registers a host with a dependency injection container.</summary>
public static class HmmServiceCollectionExtensions
{
    /// <summary>
    /// Registers one private <see cref="HmmHost"/>, started on first use and disposed with the
    /// container.
    /// </summary>
    /// <param name="services">The container's services.</param>
    /// <param name="configure">Sets the host's options; they are checked when it starts.</param>
    /// <returns><paramref name="services"/>.</returns>
    public static IServiceCollection AddHmm(this IServiceCollection services, Action<HmmHostOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        return services.AddSingleton(_ =>
        {
            var options = new HmmHostOptions();
            configure?.Invoke(options);
            return HmmHost.Start(options);
        });
    }
}
