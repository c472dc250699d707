"""A host that serves files to whoever asks: a vendor's CDN, or a seller's web server. It remembers who proved himself where."""

from tests.vendors.vendor_server import Answer, Call, VendorServer


class FileHost(VendorServer):
    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}
        self.redirects: dict[str, str] = {}
        self.broken: int = 0
        """So many requests are answered 503 first."""

    def answer(self, call: Call) -> Answer:
        if "authorization" in call.headers:
            self.violation(f"{call.path}: a vendor's sign-in went to a stranger")
        if self.broken:
            self.broken -= 1
            return Answer(503, {})
        if call.path in self.redirects:
            return Answer(302, {}, {"location": self.redirects[call.path]})
        if call.path not in self.files:
            return Answer(404, {})
        return Answer(200, self.files[call.path], {"content-type": "application/octet-stream"})
