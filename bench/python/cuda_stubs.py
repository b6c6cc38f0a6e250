"""
Stands in for the CUDA libraries that PyPI's Linux wheel of PyTorch links to and a CPU never calls: 2.5 GB not downloaded.
Each stand-in has the soname, the symbol versions and the symbols that PyTorch asks for; whoever calls one ends the process.
Run by the venv's own Python. Needs readelf and a C compiler.
"""
import os
import pathlib
import re
import subprocess
import sys
import sysconfig

# CUDA's runtime itself is installed: PyTorch asks it whether there is a device.
SONAMES = {
    "cublas": "libcublas.so.12",
    "cublasLt": "libcublasLt.so.12",
    "cudnn": "libcudnn.so.9",
    "cufft": "libcufft.so.11",
    "curand": "libcurand.so.10",
    "cusparse": "libcusparse.so.12",
    "cupti": "libcupti.so.12",
    "nccl": "libnccl.so.2",
}
UNVERSIONED = ("curand", "cupti", "nccl")

folder = pathlib.Path(sysconfig.get_paths()["purelib"]) / "torch" / "lib"
symbols = {soname: set() for soname in SONAMES.values()}
versioned = set()
for library in sorted(folder.glob("libtorch_c*.so")) + [folder / "libtorch_python.so"]:
    table = subprocess.run(["readelf", "-W", "--dyn-syms", str(library)], check=True, capture_output=True, text=True).stdout
    for name, version in re.findall(r" UND ([\w.]+)(?:@+(\S+))?", table):
        if version in symbols:
            symbols[version].add(name)
            versioned.add(version)
        elif not version:
            for prefix in UNVERSIONED:
                if name.startswith(prefix):
                    symbols[SONAMES[prefix]].add(name)

for soname, names in symbols.items():
    target = folder / soname
    source, script = target.with_suffix(".s"), target.with_suffix(".map")
    code = "".join(f".globl {name}\n.type {name}, @function\n{name}:\n" for name in sorted(names))
    source.write_text(f".text\n{code}ud2\n.section .note.GNU-stack,\"\",@progbits\n")
    script.write_text(f"{soname} {{ global: *; }};\n")
    version = [f"-Wl,--version-script={script}"] if soname in versioned else []
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-shared", "-nostdlib", f"-Wl,-soname,{soname}", *version, "-o", str(target), str(source)], check=True)
    source.unlink()
    script.unlink()
print(sum(len(names) for names in symbols.values()), "symbols stand in for CUDA", file=sys.stderr)
