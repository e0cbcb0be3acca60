"""certificates - an authority of a test's own, and certificates that it vouches for.

Everything lies in one directory: NAME.crt and NAME.key for each, made by openssl.
"""

import subprocess


def _openssl(*arguments, **options):
    subprocess.run(["openssl", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE, **options)


class Certificates:
    def __init__(self, directory):
        self.dir = directory
        self.dir.mkdir(exist_ok=True)

    def path(self, name):
        return self.dir / name

    def authority(self, name="ca"):
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                 "-nodes", "-days", 30, "-subj", f"/CN={name}", "-keyout", self.path(f"{name}.key"),
                 "-out", self.path(f"{name}.crt"))

    def make(self, name, common_name, names="", by="ca", rsa=False):
        """A certificate; names are subjectAltName, as "DNS:localhost,IP:127.0.0.1". A name that
        begins with / is a whole subject."""
        subject = common_name if common_name.startswith("/") else f"/CN={common_name}"
        kind = (["rsa:2048"] if rsa else ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        _openssl("req", "-newkey", *kind, "-nodes", "-subj", subject,
                 "-keyout", self.path(f"{name}.key"), "-out", self.path(f"{name}.csr"))
        extensions = self.path(f"{name}.ext")
        extensions.write_text(f"subjectAltName={names}\n" if names else "")
        _openssl("x509", "-req", "-in", self.path(f"{name}.csr"), "-CA", self.path(f"{by}.crt"),
                 "-CAkey", self.path(f"{by}.key"), "-CAcreateserial", "-days", 30,
                 "-extfile", extensions, "-out", self.path(f"{name}.crt"))
        self.path(f"{name}.key").chmod(0o600)


def make_all(directory):
    """What the tests of TLS need: an authority and a stranger, a server's and a client's."""
    certificates = Certificates(directory)
    certificates.authority("ca")
    certificates.authority("stranger")
    names = "DNS:localhost,IP:127.0.0.1"
    certificates.make("server", "localhost", names)
    certificates.make("renewed", "localhost", names, rsa=True)
    certificates.make("client", "booking")
    certificates.make("other", "other")
    certificates.make("nameless", "/O=nobody")
    certificates.make("false", "booking", by="stranger")
    return certificates
