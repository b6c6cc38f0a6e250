"""Jupyter's own tests for kernels, with a sample of everything they can test."""
import unittest

import jupyter_kernel_test


class SessionLabTests(jupyter_kernel_test.KernelTests):
    kernel_name = "sessionlab"
    language_name = "typescript"
    file_extension = ".ts"
    code_hello_world = "console.log('hello, world')"
    code_stderr = "console.error('test')"
    completion_samples = [
        {"text": "Math.sq", "matches": {"sqrt"}},
        {"text": "const text = 'a'; text.repl", "matches": {"replace", "replaceAll"}},
    ]
    complete_code_samples = ["1", "console.log(1)", "function f() { return 1; }", "await Promise.resolve()"]
    incomplete_code_samples = ["function f() {", "[1, ", "`open", "if (true) {"]
    invalid_code_samples = ["let 1x", "const = 2", "}"]
    code_page_something = None  # payloads are deprecated, and there is no pager
    code_generate_error = "throw new Error('x')"
    code_execute_result = [{"code": "6 * 7", "result": "42"}, {"code": "[1, 'a']", "result": "[ 1, 'a' ]"}]
    code_display_data = [{"code": "display.svg('<svg/>')", "mime": "image/svg+xml"}, {"code": "display.html('<b>x</b>')", "mime": "text/html"}]
    code_history_pattern = "6 ? ?*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "Math.max"
    code_clear_output = "display.clear()"


if __name__ == "__main__":
    unittest.main()
