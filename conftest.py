"""Only what this repository's own tests need; the suite itself comes from the plugin."""

pytest_plugins = ["pytester"]
