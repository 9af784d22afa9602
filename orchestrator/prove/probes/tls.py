# TLS with whatever library the distribution has: a server that can be verified is, one that cannot is refused, data goes both ways, and
# the distribution's own authorities are found. Arguments: a server's certificate and key and their authority's certificate, as PEM texts;
# the certificate is for proof.test.
import glob
import os
import re
import socket
import ssl
import threading
import warnings

warnings.simplefilter("ignore")
CERTIFICATE, KEY, AUTHORITY = (text if isinstance(text, type(u"")) else text.decode("ascii") for text in sys.argv[1:4])
NAME = "proof.test"
QUESTION = bytes(bytearray(n * 31 & 255 for n in range(50000)))  # several records of 16 kB
path = "/tmp/tls-proof.pem"
with open(path, "w") as file:
    file.write(str(CERTIFICATE + "\n" + KEY))
serving = ssl.SSLContext(ssl.PROTOCOL_SSLv23)
serving.load_cert_chain(path)
listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
listener.bind(("127.0.0.1", 0))
listener.listen(1)


def read(connection, size):
    data = b""
    while len(data) < size:
        piece = connection.recv(65536)
        if not piece:
            break
        data += piece
    return data


def serve(outcome):
    plain = listener.accept()[0]
    try:
        plain.settimeout(60)
        connection = serving.wrap_socket(plain, server_side=True)
        question = read(connection, len(QUESTION))
        connection.sendall(question[::-1])
        outcome.append(len(question))
        connection.close()
    except (ssl.SSLError, OSError, IOError) as error:  # what the client's refusal looks like from here
        outcome.append("%s: %s" % (type(error).__name__, error))
    finally:
        plain.close()


def connect(context, name):
    # Ask once; gives the answer, the server's outcome and the connection's version, cipher and subject.
    outcome = []
    server = threading.Thread(target=serve, args=(outcome,))
    server.daemon = True
    server.start()
    plain = socket.create_connection(listener.getsockname(), 60)
    try:
        connection = context.wrap_socket(plain, server_hostname=name)
        connection.sendall(QUESTION)
        answer = read(connection, len(QUESTION))
        about = connection.version() if hasattr(connection, "version") else None, connection.cipher(), connection.getpeercert()
        connection.close()
    finally:
        plain.close()
        server.join(60)
    return answer, outcome, about


def refused(what, kinds, context, name):
    try:
        connect(context, name)
    except kinds as error:
        return str(error).lower().replace("_", " ")
    raise Wrong("%s was not refused" % what)


trusting = ssl.create_default_context(cadata=AUTHORITY)
expect("a default context verifies", (trusting.verify_mode, trusting.check_hostname), (ssl.CERT_REQUIRED, True))
expect("authorities of a context of one's own", trusting.cert_store_stats()["x509_ca"], 1)
answer, outcome, (version, cipher, peer) = connect(trusting, NAME)
expect("the answer", answer == QUESTION[::-1], True)
expect("what the server read", outcome, [len(QUESTION)])
expect("whom the certificate is for", peer["subjectAltName"], (("DNS", NAME),))
version = version or cipher[1]
expect("the protocol's version", version in ("TLSv1.2", "TLSv1.3", "TLSv1/SSLv3"), True)
expect("bits of the cipher", cipher[2] >= 128, True)

# Before 3.7 Python compares names itself and has an exception for it; then the library does.
# https://docs.python.org/3/whatsnew/3.7.html#ssl
error = refused("another name", ssl.CertificateError, trusting, "other.test")
expect("why another name is refused (%s)" % error, "match" in error, True)
system = ssl.create_default_context()
error = refused("an unknown authority", ssl.SSLError, system, NAME)
expect("why an unknown authority is refused (%s)" % error, "certificate verify failed" in error, True)
unverified = ssl._create_unverified_context() if hasattr(ssl, "_create_unverified_context") else ssl.SSLContext(ssl.PROTOCOL_SSLv23)
expect("an answer without verification", connect(unverified, NAME)[0] == QUESTION[::-1], True)
# 3.4.3 and 2.7.9 on: https://www.python.org/dev/peps/pep-0476/
expect("https verifies", ssl._create_default_https_context().verify_mode, ssl.CERT_REQUIRED)

# The distribution's authorities: in one file, which is loaded at once, or in a directory, which OpenSSL looks into when it needs one. Then
# the files are loaded here, all of them, to see that they are certificates and that anybody may read them.
authorities = system.cert_store_stats()["x509_ca"]
if not authorities:
    directory = ssl.get_default_verify_paths().capath or "/nowhere"
    files = [name for name in sorted(glob.glob(directory + "/*")) if re.match(r"[0-9a-f]{8}\.[0-9]+$", os.path.basename(name))]
    texts = []
    for name in files:
        with open(name) as file:
            texts.append(file.read())
    loaded = ssl.SSLContext(ssl.PROTOCOL_SSLv23)
    if texts:
        loaded.load_verify_locations(cadata=u"".join(text if isinstance(text, type(u"")) else text.decode("utf-8") for text in texts))
    authorities = loaded.cert_store_stats()["x509_ca"]
expect("the distribution's authorities (%d): more than 50" % authorities, authorities > 50, True)

report(said="%s, %s with %s, %d authorities" % (ssl.OPENSSL_VERSION, version, cipher[0], authorities), library=ssl.OPENSSL_VERSION)
