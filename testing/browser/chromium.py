"""The browser that is installed, and how it is started."""

import shutil

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
"""Its path; None where there is none."""

_PLAYWRIGHTS = (
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,"
    "LensOverlay,MediaRouter,PaintHolding,ThirdPartyStoragePartitioning,AvoidCorsURLLoaderRestartOnRedirect,"
    "OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch"
)
"""What Playwright 1.65 turns off itself: Chromium heeds the last such list alone."""
_ADDRESS_BAR = "WebUIOmniboxPopup,WebUIOmniboxAimPopup"
"""Two pages behind the address bar, which each new profile loads: two thirds of what a profile costs."""

OPTIONS = (
    "--no-sandbox",  # a container's root may not have one
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    f"--disable-features={_PLAYWRIGHTS},{_ADDRESS_BAR}",
)
