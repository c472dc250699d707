"""People talk here: the dashboard and the website chat. HTML only."""
