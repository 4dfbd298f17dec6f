"""People, groups, tokens and invitations; who calls, and how somebody signs in."""
