"""The forms of rules, freeze windows and owners, for the portal's pages and the admin alike.

They read what was typed; the services check it (`protection.rules`, `protection.rulebook`).
"""
