"""What the output of a failed installation means: one line, and the way out."""

import re
import sys

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"

# What compilers and build scripts say is missing, and the Debian packages that bring it. The first match of each counts.
PACKAGES = (
    (r"pg_config executable not found|pg_config is required|libpq-fe\.h", "libpq-dev"),
    (
        r"mysql_config|mysqlclient.*pkg-config|Can not find valid pkg-config name|mysql\.h",
        "default-libmysqlclient-dev pkgconf",
    ),
    (r"ffi\.h: No such file|libffi", "libffi-dev"),
    (r"libxml/|xmlversion\.h|libxml2 and libxslt|xslt-config", "libxml2-dev libxslt1-dev"),
    (r"xmlsec", "libxmlsec1-dev pkgconf"),
    (r"lber\.h|ldap\.h", "libldap-dev libsasl2-dev"),
    (r"openssl/\w+\.h|OpenSSL (?:was not found|installation)", "libssl-dev"),
    (r"headers or library files could not be found for (?:jpeg|zlib)|jpeglib\.h", "libjpeg-dev zlib1g-dev"),
    (r"zlib\.h: No such file", "zlib1g-dev"),
    (r"yaml\.h: No such file", "libyaml-dev"),
    (r"sqlite3\.h: No such file", "libsqlite3-dev"),
    (r"gdal-config|GDAL API version", "libgdal-dev"),
    (r"cairo(?:\.h|\W+found: NO)", "libcairo2-dev pkgconf"),
    (r"krb5-config|gssapi/gssapi\.h", "libkrb5-dev"),
    (r"curl-config", "libcurl4-openssl-dev"),
    (r"hdf5\.h|libhdf5", "libhdf5-dev"),
    (r"snappy-c\.h", "libsnappy-dev"),
    (r"magic\.h|libmagic", "libmagic-dev"),
    (r"sql\.h: No such file", "unixodbc-dev"),
    (
        r"(?:cargo|rustc|Rust compiler)[^\n]*(?:not found|not installed|is not on PATH|No such file)|can't find Rust",
        "cargo",
    ),
    (r"cmake[^\n]*(?:not found|No such file)|CMake must be installed|Problem with the CMake", "cmake"),
    (r"gfortran|Unknown compiler\(s\): \[\['gfortran", "gfortran"),
    (r"meson[^\n]*not found", "meson"),
    (r"pkg-config[^\n]*(?:not found|No such file)|Did not find pkg-config", "pkgconf"),
)
COMPILER = r"(?:gcc|cc|g\+\+|c\+\+|clang)'? failed|unable to execute '[^']*(?:gcc|g\+\+|cc)'|(?:gcc|g\+\+|cc): (?:command )?not found|No such file or directory: '(?:[^']*/)?(?:[^'/]*-)?(?:gcc|g\+\+|cc)'|[Uu]nknown compiler"
HEADER = r"Python\.h: No such file"

LOCK_DIFFERS = (
    r"needs to be updated|lock ?file .*(?:out of date|out-of-date|does not match|not up to date)|Pipfile\.lock.*out of date"
    r"|changed significantly|Lock ?file hash|is not up.to.date|Lockfile is not compatible"
)

SYSTEM = {"3.11": "python3.11-dev", "3.13": "python3-dev", "3.14": "python3.14-dev"}


def debian_packages(output):
    """The Debian packages with which this output's package compiles; none if it is about something else."""
    found = [packages for pattern, packages in PACKAGES if re.search(pattern, output)]
    compiles = re.search(COMPILER, output) or re.search(HEADER, output)
    if not found and not compiles:
        return []
    words = " ".join([*found, "gcc", "libc6-dev", SYSTEM.get(PYTHON, "python3-dev")])
    if re.search(r"g\+\+|c\+\+|cc1plus", output):
        words += " g++"
    return list(dict.fromkeys(words.split()))


def failed_package(output):
    for pattern in (
        r"Failed (?:to build|building wheel for|to download and build) [`']?([\w.\-]+(?:==[\w.+!\-]+)?)",
        r"Failed to build installable wheels for some pyproject\.toml based projects \(([^)]+)\)",
        r"ERROR: Could not build wheels for ([\w.\-]+)",
        r"Unable to build [^\n]*?([\w.\-]+ \([\w.]+\))",
        r"Downloading ([\w.\-]+?)-[\d][\w.]*\.tar\.gz",
        r"Collecting ([\w.\-]+==[\w.]+)[^\n]*\n(?:(?!Collecting)[^\n]*\n)*[^\n]*error: subprocess-exited",
        r"Collecting ([\w.\-]+)",
    ):
        found = re.findall(pattern, output)
        if found:
            return found[0] if not pattern.startswith("Collecting") else found[-1]
    return None


def dockerfile_with(packages):
    return (
        f"write the steps yourself: FROM entrypoint/python:{PYTHON}, RUN apt-install {' '.join(packages)}, and the rest of"
        " images/python-service/README.md; or ask for a version with a wheel (psycopg[binary], a newer release)"
    )


def tail(output, count=12):
    lines = [line.rstrip() for line in output.splitlines() if line.strip() and not line.startswith("[notice]")]
    errors = [line for line in lines if re.match(r"\s*(ERROR|error|Caused by|×|╰|├|hint)", line)]
    return (errors if 0 < len(errors) <= count else lines)[-count:]


def explain(output, purpose):
    """(what, fix, evidence, exit code) of a failed command."""
    packages = debian_packages(output)
    if packages:
        name = failed_package(output)
        reason = next(
            (
                line.strip()
                for line in output.splitlines()
                if re.search("|".join([*(p for p, _ in PACKAGES), COMPILER, HEADER]), line)
            ),
            "",
        )
        return (
            f"{name or 'a package'} has no wheel for Python {PYTHON} and cannot be compiled: no compiler or library is installed",
            dockerfile_with(packages),
            [reason[:200]],
            65,
        )
    lines = tail(output)
    if "ResolutionImpossible" in output or "No solution found" in output or "conflicting dependencies" in output:
        conflict = [
            line.strip() for line in output.splitlines() if re.match(r"\s{4}\S|\s*(╰|Because|And because)", line)
        ]
        return (
            f"{purpose}: the requirements contradict each other",
            "change one of the lines; or choose what is installed in pyproject.toml: [tool.entrypoint] requirements = [...],"
            " extras = [...] or groups = [...]",
            (conflict or lines)[:8],
            65,
        )
    if re.search(LOCK_DIFFERS, output, re.I):
        return (
            f"{purpose}: the lock file disagrees with its manifest",
            "lock again, and commit the lock file",
            lines[-4:],
            65,
        )
    if re.search(
        r"(?:No matching distribution|not find a version|was not found in the package registry|no versions of)", output
    ):
        return (
            f"{purpose}: a package or version is not to be had for Python {PYTHON}",
            "correct the name or the version; for a private index see images/python/README.md#private-indexes",
            lines[-6:],
            65,
        )
    if re.search(
        r"\b(?:401|403)\b[^\n]*(?:Unauthorized|Forbidden|error)|Authentication failed|could not read Username|No keyring",
        output,
        re.I,
    ):
        return (
            f"{purpose}: an index or repository refuses the login",
            "pass its password as a build secret: images/python/README.md#private-indexes",
            lines[-4:],
            1,
        )
    return (purpose, "see the lines above", lines, 1)
