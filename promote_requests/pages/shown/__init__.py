"""What the page of a request shows, the portal's and the admin's."""
