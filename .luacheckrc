std = "lua54"
codes = true
max_line_length = 100
max_cyclomatic_complexity = 12
ignore = {"212/self", "212/_.*"}
exclude_files = {"library", "build", "node_modules", "**/node_modules"}
include_files = {"**/*.lua", "**/*.rockspec", ".luacheckrc", ".busted"}
files["spec"] = {std = "+busted"}
files["lua/zapi/host/init/**/spec.lua"] = {std = "+busted"}
files["**/*.rockspec"] = {std = "+rockspec"}
