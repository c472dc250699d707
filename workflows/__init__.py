"""Frontdesk's workflows, in a package name that is shared.

LlamaIndex depends on `llama-index-workflows`, which installs a top-level package `workflows` of its own, a pkgutil namespace. A
plain package here would hide it and break every LlamaIndex import, so this one joins the namespace and holds nothing else.
"""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
