"""Gallery, dashboard, and the dialogs that lie over it: one module a screen."""
