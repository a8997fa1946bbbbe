#pragma once

#include <filesystem>

#include "platform/mail/mailer.hpp"
#include "platform/observe/clock.hpp"
#include "platform/observe/cpu_pool.hpp"

namespace townhall::mail {

/// Keeps every message as `<id>.eml` in a folder (mode 0700) in place of sending it. A message of an id that is there
/// already is left as it is.
class DevelopmentMailbox final : public Mailer {
  public:
    DevelopmentMailbox(std::filesystem::path folder, observe::CpuPool& pool, const observe::Clock& clock);
    Task<std::vector<std::optional<std::string>>> send_all(std::vector<Message> messages) override;

  private:
    void put(const Message& message) const;

    std::filesystem::path folder_;
    observe::CpuPool& pool_;
    const observe::Clock& clock_;
};

}  // namespace townhall::mail
